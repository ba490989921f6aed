"""Faults below HTTP: the response's way to the client is spoilt, at uvicorn's own transport."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from infra.local_aws.event_stream import exception_frame
from infra.local_aws.faults import BREAK, DRIP, HANG, RESET, STREAM_ERROR, TRUNCATE, Fault, Traffic

_TRANSPORT = "local_aws.transport"
_PIECES = 40


class ReachableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which tells the application its transport."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        inner: Any = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await inner({**scope, _TRANSPORT: transport}, receive, send)

        self.app = app


async def respond(
    response: ASGIApp, fault: Fault | None, traffic: Traffic, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send the response, spoilt where `fault` says so."""
    spoil = _SPOILERS.get(fault.kind) if fault else None
    if fault is None or spoil is None:
        await response(scope, receive, send)
        return
    spoiled = spoil(send, scope[_TRANSPORT], fault, traffic)
    await response(scope, receive, spoiled)
    if spoiled.over:
        await _gone(receive)


async def drop(fault: Fault, traffic: Traffic, scope: Scope, receive: Receive) -> bool:
    """True where the fault leaves no answer at all: a reset, or silence."""
    transport = scope[_TRANSPORT]
    if fault.kind == RESET:
        _reset(transport)
    elif fault.kind == HANG:
        await traffic.wait(fault.seconds, transport.is_closing)
        transport.close()
    else:
        return False
    await _gone(receive)
    return True


@dataclass
class _Spoiler:
    send: Send
    transport: asyncio.Transport
    fault: Fault
    traffic: Traffic
    sent: int = 0
    over: bool = False

    async def __call__(self, message: Message) -> None:
        if self.over:
            return
        if message["type"] != "http.response.body" or not message.get("body"):
            await self.send(message)
            return
        await self.spoil(message)
        self.sent += 1

    async def spoil(self, message: Message) -> None:
        raise NotImplementedError

    async def cut(self, body: bytes) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": True})
        self.transport.close()
        self.over = True


class _Drip(_Spoiler):
    """Piece by piece until the fault's seconds are over; of a long stream the rest comes as it does."""

    until: float = 0.0

    async def spoil(self, message: Message) -> None:
        body, clock = message["body"], asyncio.get_running_loop().time
        self.until = self.until or clock() + self.fault.seconds
        size = -(-len(body) // _PIECES)
        for start in range(0, len(body), size):
            await self.send(
                {"type": "http.response.body", "body": body[start : start + size], "more_body": True}
            )
            pause = min(self.fault.seconds / _PIECES, self.until - clock())
            await self.traffic.wait(pause, self.transport.is_closing)
        await self.send({**message, "body": b""})


class _Truncate(_Spoiler):
    async def spoil(self, message: Message) -> None:
        await self.cut(message["body"][: len(message["body"]) // 2])


class _Break(_Spoiler):
    async def spoil(self, message: Message) -> None:
        if self.sent or not message.get("more_body"):
            await self.cut(message["body"][: len(message["body"]) // 2])
        else:
            await self.send(message)


class _StreamError(_Spoiler):
    async def spoil(self, message: Message) -> None:
        if not self.sent and message.get("more_body"):
            await self.send(message)
            return
        frame = exception_frame(
            "ModelStreamError",
            {"Message": "The model stopped in mid-answer", "ErrorCode": "ModelInvocationTimeExceeded"},
        )
        await self.send({"type": "http.response.body", "body": frame, "more_body": False})
        self.over = True


_SPOILERS = {DRIP: _Drip, TRUNCATE: _Truncate, BREAK: _Break, STREAM_ERROR: _StreamError}


def _reset(transport: asyncio.Transport) -> None:
    # Closing with a linger of 0 seconds sends RST instead of FIN (socket(7), SO_LINGER).
    sock: socket.socket = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _gone(receive: Receive) -> None:
    """Until the server knows that the connection is closed: it would report an unfinished answer else."""
    while (await receive())["type"] != "http.disconnect":
        pass
