"""Tickets of a server's WebSocket: random, kept here, each good for one connection within a minute."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

from pipeline.api.push import TICKET_SECONDS

PATH = "/ws"
# Not used yet; beyond these the oldest is dropped.
_MOST = 4096


class Tickets:
    """base: the server's own address, "" for the one by which it is called. Thread-safe."""

    def __init__(self, base: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._base = base
        self._clock = clock
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def address(self, scheme: str, host: str) -> str:
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._until[ticket] = self._clock() + TICKET_SECONDS
            if len(self._until) > _MOST:
                del self._until[next(iter(self._until))]
        # http becomes ws, https becomes wss.
        base = self._base or f"{scheme}://{host}"
        return f"{base.replace('http', 'ws', 1)}{PATH}?ticket={ticket}"

    def use(self, ticket: str) -> bool:
        """Whether it is good; it is not a second time."""
        with self._lock:
            return self._clock() < self._until.pop(ticket, 0.0)
