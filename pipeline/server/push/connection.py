"""One WebSocket: what its client follows, and what it has not been sent yet."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.websockets import WebSocket, WebSocketDisconnect

from pipeline.api import push
from pipeline.api.push import Change, Edition
from pipeline.errors import RequestError
from pipeline.server.push.allowance import Allowance
from pipeline.server.push.hub import Hub, Read

# Seconds without a message of the client's, after which it has to connect again.
_FOLLOWING_SECONDS, _IDLE_SECONDS = 900.0, 60.0
# Messages a second, and at once.
_RATE, _BURST = 1.0, 10.0
# Close codes (RFC 6455, section 7.4.1).
_OVER, _LEAVING, _REFUSED = 1000, 1001, 1008


class Connection:
    """A Follower. read: how far an edition is. limiter: of the threads that read."""

    def __init__(self, socket: WebSocket, hub: Hub, read: Read, limiter: CapacityLimiter) -> None:
        self._socket = socket
        self._hub = hub
        self._read = read
        self._limiter = limiter
        # What is followed, with what the client has of it.
        self._followed: dict[Edition, str] = {}
        # The newest of each edition that is followed, so that a slow client costs no more than it follows.
        self._unsent: dict[Edition, Change] = {}
        self._has_unsent = asyncio.Event()

    async def serve(self) -> None:
        """Until either side ends it."""
        await self._socket.accept()
        code, reason = _OVER, ""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._send)
                code, reason = await self._receive()
                tasks.cancel_scope.cancel()
        finally:
            self._hub.leave(self, self._followed)
        with suppress(WebSocketDisconnect, RuntimeError):  # the client has ended it already
            await self._socket.close(code, reason)

    def offer(self, change: Change) -> None:
        self._unsent[change.edition] = change
        self._has_unsent.set()

    async def _send(self) -> None:
        with suppress(WebSocketDisconnect):  # which _receive() hears, too
            while True:
                await self._has_unsent.wait()
                self._has_unsent.clear()
                while self._unsent:
                    change = self._unsent.pop(next(iter(self._unsent)))
                    if self._followed.get(change.edition, change.version) != change.version:
                        self._followed[change.edition] = change.version
                        await self._socket.send_text(change.text)

    async def _receive(self) -> tuple[int, str]:
        """Why it ends: a close code, and words."""
        allowance = Allowance(_RATE, _BURST)
        while True:
            try:
                with anyio.fail_after(_FOLLOWING_SECONDS if self._followed else _IDLE_SECONDS):
                    message = await self._socket.receive()
            except TimeoutError:
                return _LEAVING, "idle"
            if message["type"] == "websocket.disconnect":
                return _OVER, ""
            if not allowance.takes(1):
                return _REFUSED, "too many messages"
            try:
                followed = push.followed(message.get("text"))
            except RequestError:
                return _REFUSED, "no message of this protocol"
            await self._follow(followed)

    async def _follow(self, followed: dict[Edition, str]) -> None:
        """Instead of what was followed before. What has changed since the client saw it is sent."""
        self._hub.leave(self, self._followed.keys() - followed.keys())
        self._hub.follow(self, followed)
        self._followed = dict(followed)
        self._unsent = {edition: self._unsent[edition] for edition in followed if edition in self._unsent}
        for edition, version in followed.items():
            change = await to_thread.run_sync(self._read, edition, limiter=self._limiter)
            # Unless something newer came from the steps meanwhile.
            if change and edition not in self._unsent and self._followed[edition] == version:
                self.offer(change)
