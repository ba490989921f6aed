"""Hands requests on to moto and its answers back, both streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
from starlette.requests import Request
from starlette.responses import StreamingResponse

from infra.local_aws.account import Account

# Said anew on each connection (RFC 9110, 7.6.1), or answered here.
_OWN = frozenset(
    "host connection keep-alive transfer-encoding te trailer upgrade expect proxy-connection".split()
)


def client() -> httpx.AsyncClient:
    """A connection a request: moto's server closes idle ones whenever it likes."""
    return httpx.AsyncClient(
        timeout=300, trust_env=False, verify=False, limits=httpx.Limits(max_keepalive_connections=0)
    )


async def forward(received: Request, account: Account) -> StreamingResponse:
    """The path and the query go on byte for byte."""
    target = received.scope["raw_path"]
    if query := received.scope["query_string"]:
        target += b"?" + query
    headers = [(name, value) for name, value in received.headers.raw if name.decode() not in _OWN]
    has_body = "content-length" in received.headers or "transfer-encoding" in received.headers
    moto = httpx.URL(account.moto)
    request = httpx.Request(
        received.method,
        httpx.URL(scheme=moto.scheme, host=moto.host, port=moto.port, raw_path=target),
        headers=[*headers, (b"host", moto.netloc)],
        content=received.stream() if has_body else None,
    )
    answer = await account.http.send(request, stream=True)
    response = StreamingResponse(_body(answer), answer.status_code)
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.headers.raw if name.lower().decode() not in _OWN
    ]
    return response


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()
