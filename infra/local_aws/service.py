"""What a service is made of, and how one of its requests is answered."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from botocore.model import OperationModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Received
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local_aws import signing
from infra.local_aws.account import Account
from infra.local_aws.connection import drop, respond
from infra.local_aws.faults import TRANSPORT, Traffic
from infra.local_aws.wire import Params, Request, ServiceError, Wire, flaws
from pipeline.errors import StoriesError


@dataclass(frozen=True)
class Call:
    """One request, read. headers: lower-case names."""

    operation: str
    params: Params
    headers: Mapping[str, str]
    account: Account


Handler = Callable[[Call], Params]


class Mounted(Protocol):
    """What LocalAws serves: an application below a path, found through a variable of botocore's."""

    @property
    def id(self) -> str:
        """botocore's name of the service."""
        ...

    @property
    def path(self) -> str:
        """Where it is mounted; no bucket's name begins with an underscore, so S3 can have the rest."""
        ...

    @property
    def operations(self) -> frozenset[str]: ...

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of faults that it knows, besides those of the transport."""
        ...

    def app(self, account: Account, traffic: Traffic) -> ASGIApp: ...


@dataclass(frozen=True)
class Service:
    """A service by its handlers alone; the model of botocore tells the rest.

    handlers: by operation; they run in threads, return the output's members and raise ServiceError.
    refusals: what `throttle`, `error500`, `error503` and kinds of its own are here.
    invalid: the error for parameters that the model forbids. unbounded: those whose length it checks itself.
    """

    id: str
    handlers: Mapping[str, Handler]
    refusals: Mapping[str, ServiceError]
    invalid: str = "ValidationException"
    unbounded: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        return f"/_{self.id}"

    @property
    def operations(self) -> frozenset[str]:
        return frozenset(self.handlers)

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(self.refusals)

    def app(self, account: Account, traffic: Traffic) -> ASGIApp:
        return _Front(self, account, traffic)


@dataclass
class _Front:
    service: Service
    account: Account
    traffic: Traffic
    signed_as: Mapping[str, ServiceError] = field(default_factory=lambda: _UNSIGNED)

    @cached_property
    def wire(self) -> Wire:
        return Wire.of(self.service.id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = Received(scope, receive)
        whole = Request(
            received.method,
            scope["raw_path"].decode(),
            scope["query_string"].decode(),
            dict(received.headers),
            await received.body(),
        )
        request_id = str(uuid.uuid4())
        request = _below(whole, self.service.path)
        found = self.wire.route(request)
        if found is None or found[0].name not in self.service.handlers:
            told = ServiceError("UnknownOperationException", "The local AWS does not have this operation")
            await self.wire.refuse(told, request_id)(scope, receive, send)
            return
        operation, places = found

        async def work() -> Response:
            self._authenticate(whole)
            params = self.wire.read(operation, request, places)
            self._validate(operation, params)
            call = Call(operation.name, params, request.headers, self.account)
            answer = await run_in_threadpool(self._handle, call)
            return self.wire.write(operation, answer, request_id)

        def refuse(refusal: ServiceError) -> Response:
            return self.wire.refuse(refusal, request_id)

        await serve(operation.name, work, refuse, self.service.refusals, self.traffic, scope, receive, send)

    def _handle(self, call: Call) -> Params:
        try:
            return self.service.handlers[call.operation](call)
        except StoriesError as error:  # an engine that answers for the service: the service's own failure
            told = self.service.refusals["error500"]
            raise ServiceError(told.code, f"{told.message}: {error}", told.members, told.status) from error

    def _authenticate(self, request: Request) -> None:
        if fault := signing.fault_of(request, request.headers.get("host", ""), self.account.keys):
            raise self.signed_as[fault]

    def _validate(self, operation: OperationModel, params: Params) -> None:
        if found := flaws(operation.input_shape, params, self.service.unbounded):
            count = f"{len(found)} validation error{'s' * (len(found) > 1)} detected"
            raise ServiceError(self.service.invalid, f"{count}: {'; '.join(found)}")


async def serve(
    operation: str,
    work: Callable[[], Awaitable[Response]],
    refuse: Callable[[ServiceError], Response],
    refusals: Mapping[str, ServiceError],
    traffic: Traffic,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Count the request, let the fault happen whose turn it is, else do the work and answer."""
    fault = traffic.arrive(operation)
    if fault and await drop(fault, traffic, scope, receive):
        return
    response = refuse(refusals[fault.kind]) if fault and fault.kind not in TRANSPORT else None
    try:
        response = response or await work()
    except ServiceError as refusal:
        response = refuse(refusal)
    await respond(response, fault, traffic, scope, receive, send)


def _below(request: Request, path: str) -> Request:
    return Request(
        request.method, request.path.removeprefix(path) or "/", request.query, request.headers, request.body
    )


_UNSIGNED: Mapping[str, Any] = {
    signing.MISSING: ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token"),
    signing.UNKNOWN_KEY: ServiceError(
        "UnrecognizedClientException", "The security token included in the request is invalid."
    ),
    signing.WRONG: ServiceError(
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
    ),
    signing.SKEWED: ServiceError(
        "InvalidSignatureException", "Signature expired: the request is too old or too new"
    ),
    signing.OLD: ServiceError("IncompleteSignatureException", "Unsupported AWS 'algorithm'"),
    signing.EXPIRED: ServiceError("InvalidSignatureException", "Signature expired"),
}
