"""The one application: the services below their paths, and /_local to watch and to break them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local_aws import proxy
from infra.local_aws.account import Account
from infra.local_aws.faults import ANY, TRANSPORT, Fault, Traffic
from infra.local_aws.service import Mounted


def build(services: Sequence[Mounted], account: Account, traffic: Traffic) -> Starlette:
    """S3 is at the root: it gets whatever is below no other service's path."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with proxy.client() as account.http:
            yield

    control = Mount("/_local", routes=_control(services, account, traffic))
    return Starlette(routes=[control, Mount("", _by_path(services, account, traffic))], lifespan=lifespan)


def _by_path(services: Sequence[Mounted], account: Account, traffic: Traffic) -> ASGIApp:
    """A Mount for each would not do: clients ask for "/_polly", which a Mount wants as "/_polly/"."""
    apps = {service.path: service.app(account, traffic) for service in services}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        first = "/" + scope["path"].split("/")[1]
        await apps.get(first, apps[""])(scope, receive, send)

    return app


def check(services: Sequence[Mounted], operation: str, fault: Fault) -> None:
    """Raises ValueError: an operation or a kind that is not there."""
    meant = [service for service in services if operation in service.operations or operation == ANY]
    if not meant:
        known = sorted(name for service in services for name in service.operations)
        raise ValueError(f"unknown operation {operation!r}: there are {', '.join(known)}")
    kinds = TRANSPORT | frozenset.intersection(*(service.kinds for service in meant))
    if fault.kind not in kinds:
        raise ValueError(f"{operation} has no fault {fault.kind!r}: there are {', '.join(sorted(kinds))}")


def _control(services: Sequence[Mounted], account: Account, traffic: Traffic) -> list[Route]:
    async def faults(request: Request) -> JSONResponse:
        try:
            told: dict[str, Any] = await request.json()
            operation = told.pop("operation")
            fault = Fault(
                **{field.name: told.pop(field.name) for field in fields(Fault) if field.name in told}
            )
            check(services, operation, fault)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            wanted = '{"operation": …, "kind": …, "times": 1, "seconds": 30, "after": 0}'
            return JSONResponse({"error": f"{error}; wanted: {wanted}"}, 400)
        traffic.inject(operation, fault)
        return JSONResponse({"operation": operation, "kind": fault.kind, "times": fault.times})

    async def requests(_: Request) -> JSONResponse:
        return JSONResponse(traffic.counts())

    async def reset(_: Request) -> JSONResponse:
        traffic.reset()
        return JSONResponse({})

    async def health(_: Request) -> JSONResponse:
        return JSONResponse({"backing": account.backing.name, "services": [one.id for one in services]})

    return [
        Route("/faults", faults, methods=["POST"]),
        Route("/requests", requests),
        Route("/reset", reset, methods=["POST"]),
        Route("/health", health),
    ]
