"""Bounds on a WebSocket, below what an application sees of it."""

from __future__ import annotations

import socket
from asyncio import BaseTransport, TimerHandle, Transport
from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from pipeline.server.push.allowance import Allowance

# For the handshake, and for a client to take what was sent to it.
_SECONDS = 15.0
# Of anything that a client sends, pings too: a second, and at once.
_BYTES, _BURST_BYTES = 4_096, 65_536
# Of a message. The library bounds its bytes, not how many parts without any it has.
_MOST_PARTS = 16
# What the system keeps for a client that does not read; it doubles it.
_SEND_BUFFER = 16_384


class PushProtocol(WebSocketsSansIOProtocol):
    """A client that sends too much, or that does not read, is let go and not waited for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._allowance = Allowance(_BYTES, _BURST_BYTES)
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        connection = cast(Transport, transport)
        # Writing is paused as soon as the system takes no more.
        connection.set_write_buffer_limits(0)
        connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._allowance.takes(len(data)):
            super().data_received(data)
        else:
            self.transport.abort()

    def start_keepalive(self) -> None:
        """Called when the handshake is complete."""
        self._stop_timer()
        super().start_keepalive()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < _MOST_PARTS:
            super().handle_cont(event)
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_timer()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(_SECONDS, self.transport.abort)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
