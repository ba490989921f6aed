"""moto's services behind checks that moto does not make: signatures, counts and faults."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import httpx
from starlette.requests import Request as Received
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local_aws import authorization, signing
from infra.local_aws.account import Account
from infra.local_aws.authorization import Need
from infra.local_aws.faults import Traffic
from infra.local_aws.service import answer, below, request_of
from infra.local_aws.wire import Request, ServiceError

# Hop-by-hop headers (RFC 9110, 7.6.1), and those that each connection sets itself.
_NOT_FORWARDED = frozenset(
    "host connection keep-alive transfer-encoding te trailer upgrade expect proxy-connection".split()
)
_DENIED = "AccessDenied"
_NOT_FOUND = 404


@dataclass(frozen=True)
class Forwarded:
    """A service of moto's, behind signatures, counts and faults.

    operation_of: the operation's name for a request. own: an answer of the local AWS's own, or None.
    refuse: an error in the service's format. unsigned: errors by signing's problems.
    needs: a request's permissions, for roles. needs_if_missing: those without which a 404 is a 403.
    buffered: whether a request's body is read before it is forwarded, for `operation_of`, `own`, `needs` and
    its signature.
    """

    id: str
    path: str
    operations: frozenset[str]
    refusals: Mapping[str, ServiceError]
    unsigned: Mapping[str, ServiceError]
    operation_of: Callable[[Request], str]
    refuse: Callable[[ServiceError, Request], Response]
    own: Callable[[Request, Account], Response | None] = lambda *_: None
    needs: Callable[[Request], Sequence[Need]] = lambda _: ()
    needs_if_missing: Callable[[Request], Sequence[Need]] = lambda _: ()
    buffered: Callable[[Received], bool] = lambda _: False

    def app(self, account: Account, traffic: Traffic) -> ASGIApp:
        return partial(self._serve, account, traffic)

    async def _serve(
        self, account: Account, traffic: Traffic, scope: Scope, receive: Receive, send: Send
    ) -> None:
        received = Received(scope, receive)
        request = request_of(received, await received.body() if self.buffered(received) else b"")

        async def work() -> Response:
            if problem := signing.problem_of(request, account.keys):
                raise self.unsigned[problem]
            role = account.roles.get(signing.key_of(request))
            if role:
                authorization.check(role, self.needs(request), _DENIED)
            if response := self.own(request, account):
                return response
            forwarded = await forward(received, below(request, self.path), account)
            if role and forwarded.status_code == _NOT_FOUND:
                authorization.check(role, self.needs_if_missing(request), _DENIED)
            return forwarded

        def refuse(refusal: ServiceError) -> Response:
            return self.refuse(refusal, request)

        operation = self.operation_of(request)
        await answer(operation, work, refuse, self.refusals, traffic, (scope, receive, send))


async def forward(received: Received, request: Request, account: Account) -> StreamingResponse:
    """moto's response, both bodies streamed; path and query are forwarded byte for byte."""
    moto = httpx.URL(account.moto)
    target = f"{request.path}?{request.query}" if request.query else request.path
    headers = [(name, value) for name, value in received.headers.raw if name.decode() not in _NOT_FORWARDED]
    has_body = "content-length" in received.headers or "transfer-encoding" in received.headers
    forwarded = httpx.Request(
        received.method,
        httpx.URL(scheme=moto.scheme, host=moto.host, port=moto.port, raw_path=target.encode()),
        headers=[*headers, (b"host", moto.netloc)],
        content=received.stream() if has_body else None,
    )
    upstream = await account.http.send(forwarded, stream=True)
    response = StreamingResponse(_body(upstream), upstream.status_code)
    lower = [(name.lower(), value) for name, value in upstream.headers.raw]
    response.raw_headers = [pair for pair in lower if pair[0].decode() not in _NOT_FORWARDED]
    return response


async def _body(upstream: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in upstream.aiter_raw():
            yield piece
    finally:
        await upstream.aclose()
