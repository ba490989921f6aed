"""Faults below HTTP: the response is dropped, delayed or cut at uvicorn's own transport."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from infra.local_aws.event_stream import exception_frame
from infra.local_aws.faults import BREAK, DRIP, HANG, RESET, STREAM_ERROR, TRANSPORT, Fault, Traffic

_TRANSPORT = "local_aws.transport"
_PIECES = 40
_STREAM_ERROR = exception_frame(
    "ModelStreamError",
    {"Message": "The model stopped in mid-answer", "ErrorCode": "ModelInvocationTimeExceeded"},
)


class ReachableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which adds its transport to the application's scope."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        inner: Any = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await inner({**scope, _TRANSPORT: transport}, receive, send)

        self.app = app


async def drop(fault: Fault, traffic: Traffic, scope: Scope, receive: Receive) -> bool:
    """Whether the fault leaves no response at all: a reset, or silence; it has happened then."""
    transport = scope[_TRANSPORT]
    if fault.kind == RESET:
        # Closing with a linger of 0 seconds sends RST instead of FIN (socket(7), SO_LINGER).
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    elif fault.kind == HANG:
        await traffic.wait(fault.seconds, transport.is_closing)
        transport.close()
    else:
        return False
    await _disconnected(receive)
    return True


async def respond(
    response: ASGIApp, fault: Fault | None, traffic: Traffic, scope: Scope, receive: Receive, send: Send
) -> None:
    """Sends the response, as the fault spoils it."""
    if fault is None or fault.kind not in TRANSPORT:
        await response(scope, receive, send)
        return
    spoiled = _Spoiled(send, scope[_TRANSPORT], fault, traffic)
    await response(scope, receive, spoiled)
    if spoiled.over:
        await _disconnected(receive)


@dataclass
class _Spoiled:
    """An ASGI `send` whose body is spoiled. over: nothing more is sent."""

    send: Send
    transport: asyncio.Transport
    fault: Fault
    traffic: Traffic
    sent: int = 0
    over: bool = False
    until: float = 0.0

    async def __call__(self, message: Message) -> None:
        if self.over:
            return
        body, streamed = message.get("body", b""), message.get("more_body", False)
        if not body:
            await self.send(message)
            return
        kind, first = self.fault.kind, self.sent == 0
        self.sent += 1
        if kind == DRIP:
            await self._drip(body)
            await self.send({**message, "body": b""})
        elif kind in (BREAK, STREAM_ERROR) and first and streamed:
            await self.send(message)
        elif kind == STREAM_ERROR:
            await self.send({"type": "http.response.body", "body": _STREAM_ERROR, "more_body": False})
            self.over = True
        else:
            half = body[: len(body) // 2]
            await self.send({"type": "http.response.body", "body": half, "more_body": True})
            self.transport.close()
            self.over = True

    async def _drip(self, body: bytes) -> None:
        """In pieces, until the fault's seconds are over; the rest of a longer stream is not delayed."""
        clock = asyncio.get_running_loop().time
        self.until = self.until or clock() + self.fault.seconds
        size = -(-len(body) // _PIECES)
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            await self.send({"type": "http.response.body", "body": piece, "more_body": True})
            pause = min(self.fault.seconds / _PIECES, self.until - clock())
            await self.traffic.wait(pause, self.transport.is_closing)


async def _disconnected(receive: Receive) -> None:
    """Waits until the server knows that the connection is closed: it would report an unfinished response."""
    while (await receive())["type"] != "http.disconnect":
        pass
