"""A service is handlers by operation; its requests are read, counted, broken on demand and answered here."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from botocore.model import OperationModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as Received
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local_aws import authorization, signing
from infra.local_aws.account import Account
from infra.local_aws.authorization import Need
from infra.local_aws.connection import drop, respond
from infra.local_aws.faults import TRANSPORT, Traffic
from infra.local_aws.rates import Charge
from infra.local_aws.wire import Params, Request, ServiceError, Wire, violations
from pipeline.errors import StoriesError


@dataclass(frozen=True)
class Call:
    """One request to an operation. params: by the model's names. headers: by lower-case names."""

    operation: str
    params: Params
    headers: Mapping[str, str]
    account: Account


Handler = Callable[[Call], Params]
# (operation, its parameters) -> what it takes of rates.PUBLISHED.
Charges = Callable[[str, Params], tuple[Charge, ...]]
# The connection of one request, as ASGI has it.
Connection = tuple[Scope, Receive, Send]


@dataclass(frozen=True)
class Service:
    """A service described by its handlers; botocore's model of `id` supplies the rest.

    handlers: by operation; they run in threads, return the output's members and raise ServiceError.
    refusals: the errors for `throttle`, `error500`, `error503` and fault kinds of its own.
    invalid: the error code for parameters that the model forbids. unbounded: parameters whose length the
    handler checks, with an error of its own. needs: a request's permissions, [] for the action of its
    operation's name, on all resources. over: the refusal of a request over a rate.
    """

    id: str
    handlers: Mapping[str, Handler]
    refusals: Mapping[str, ServiceError]
    invalid: str = "ValidationException"
    unbounded: frozenset[str] = frozenset()
    needs: Callable[[Call], Sequence[Need]] = lambda _: ()
    charges: Charges = lambda operation, _: (Charge(operation),)
    over: str = "throttle"

    @property
    def path(self) -> str:
        """Where it is mounted: no bucket's name begins with an underscore, so S3 can have the root."""
        return f"/_{self.id}"

    @property
    def operations(self) -> frozenset[str]:
        return frozenset(self.handlers)

    def app(self, account: Account, traffic: Traffic) -> ASGIApp:
        return partial(self._serve, account, traffic)

    async def _serve(
        self, account: Account, traffic: Traffic, scope: Scope, receive: Receive, send: Send
    ) -> None:
        connection = (scope, receive, send)
        whole = request_of(received := Received(scope, receive), await received.body())
        request, request_id = below(whole, self.path), str(uuid.uuid4())
        wire = Wire.of(self.id)
        operation, path_params = wire.route(request) or (None, {})
        if operation is None or operation.name not in self.handlers:
            unknown = ServiceError("UnknownOperationException", "The local AWS does not have this operation")
            await wire.refuse(unknown, request_id)(*connection)
            return

        async def work() -> Response:
            if problem := signing.problem_of(whole, account.keys):
                raise _UNSIGNED[problem]
            params = wire.read(operation, request, path_params)
            self._validate(operation, params)
            call = Call(operation.name, params, request.headers, account)
            if role := account.roles.get(signing.key_of(whole)):
                needs = self.needs(call) or [(f"{self.id}:{operation.name}", authorization.ALL)]
                authorization.check(role, needs, _DENIED)
            with account.gates.admitted(self.charges(operation.name, params)) as passes:
                if not passes:
                    raise self.refusals[self.over]
                await asyncio.sleep(account.options.seconds.get(operation.name, 0))
                output = await run_in_threadpool(self._handle, call)
            return wire.write(operation, output, request_id)

        refuse = partial(wire.refuse, request_id=request_id)
        await answer(operation.name, work, refuse, self.refusals, traffic, connection)

    def _handle(self, call: Call) -> Params:
        try:
            return self.handlers[call.operation](call)
        except StoriesError as error:  # of an engine behind the service: the service's own failure
            failure = self.refusals["error500"]
            message = f"{failure.message}: {error}"
            raise ServiceError(failure.code, message, failure.members, failure.status) from error

    def _validate(self, operation: OperationModel, params: Params) -> None:
        if errors := violations(operation.input_shape, params, self.unbounded):
            count = f"{len(errors)} validation error{'s' * (len(errors) > 1)} detected"
            raise ServiceError(self.invalid, f"{count}: {'; '.join(errors)}")


async def answer(
    operation: str,
    work: Callable[[], Awaitable[Response]],
    refuse: Callable[[ServiceError], Response],
    refusals: Mapping[str, ServiceError],
    traffic: Traffic,
    connection: Connection,
) -> None:
    """Counts the request; then the next fault for it happens, or the work is done and answered."""
    scope, receive, _ = connection
    fault = traffic.arrive(operation)
    if fault and await drop(fault, traffic, scope, receive):
        return
    try:
        if fault and fault.kind not in TRANSPORT:
            raise refusals[fault.kind]
        response = await work()
    except ServiceError as refusal:
        response = refuse(refusal)
    await respond(response, fault, traffic, *connection)


def request_of(received: Received, body: bytes) -> Request:
    scope = received.scope
    path, query = scope["raw_path"].decode(), scope["query_string"].decode()
    return Request(received.method, path, query, dict(received.headers), body)


def below(request: Request, path: str) -> Request:
    below = request.path.removeprefix(path) or "/"
    return Request(request.method, below, request.query, request.headers, request.body)


_DENIED = "AccessDeniedException"
_UNSIGNED: Mapping[str, ServiceError] = {
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
