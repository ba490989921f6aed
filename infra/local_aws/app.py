"""The ASGI application: the services below their paths, and /_local to watch and to break them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

import httpx
from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local_aws import websocket_api
from infra.local_aws.account import Account
from infra.local_aws.faults import ANY, TRANSPORT, Fault, Traffic
from infra.local_aws.forwarded import Forwarded
from infra.local_aws.service import Service

Services = Sequence[Service | Forwarded]
# Starlette has 40 threads: that many executions at once would leave none for the functions they wait for.
_THREADS = 1000


def build(services: Services, account: Account, traffic: Traffic) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = _THREADS
        # A connection for each request: moto's server closes idle ones at any time.
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(
            timeout=300, trust_env=False, verify=False, limits=limits
        ) as account.http:
            yield

    control = Mount("/_local", routes=_control(services, account, traffic))
    return Starlette(routes=[control, Mount("", _by_path(services, account, traffic))], lifespan=lifespan)


def _by_path(services: Services, account: Account, traffic: Traffic) -> ASGIApp:
    """S3 is at the root. Starlette's Mount would not do: it matches "/_polly/", not "/_polly"."""
    apps = {service.path: service.app(account, traffic) for service in services}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        first = "/" + scope["path"].split("/")[1]
        if scope["type"] == "websocket":
            await websocket_api.connect(account, scope, receive, send)
            return
        await apps.get(first, apps[""])(scope, receive, send)

    return app


def check(services: Services, operation: str, fault: Fault) -> None:
    """Raises ValueError: an unknown operation, or a fault that it does not have."""
    matches = [service for service in services if operation in service.operations or operation == ANY]
    if not matches:
        known = sorted(name for service in services for name in service.operations)
        raise ValueError(f"unknown operation {operation!r}: choose from {', '.join(known)}")
    kinds = TRANSPORT | frozenset.intersection(*(frozenset(service.refusals) for service in matches))
    if fault.kind not in kinds:
        raise ValueError(f"{operation} has no fault {fault.kind!r}: choose from {', '.join(sorted(kinds))}")


def _control(services: Services, account: Account, traffic: Traffic) -> list[Route]:
    async def faults(request: Request) -> JSONResponse:
        try:
            body: dict[str, Any] = await request.json()
            operation = body.pop("operation")
            fault = Fault(**body)
            check(services, operation, fault)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            usage = '{"operation": …, "kind": …, "times": 1, "seconds": 30, "after": 0}'
            return JSONResponse({"error": f"{error}; send {usage}"}, 400)
        traffic.inject(operation, fault)
        return JSONResponse({"operation": operation, **asdict(fault)})

    async def requests(_: Request) -> JSONResponse:
        return JSONResponse(traffic.counts())

    async def reset(_: Request) -> JSONResponse:
        traffic.reset()
        return JSONResponse({})

    async def health(_: Request) -> JSONResponse:
        names = [service.id for service in services]
        return JSONResponse({"backing": account.backing.name, "services": names})

    return [
        Route("/faults", faults, methods=["POST"]),
        Route("/requests", requests),
        Route("/reset", reset, methods=["POST"]),
        Route("/health", health),
    ]
