"""Counts requests by operation, and holds the faults that the next requests meet."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

ANY = "*"
# Faults of the connection, or of a response on its way. The other kinds (throttle, error500, error503, and a
# service's own) are error responses: the service's table of refusals.
RESET = "reset"
HANG = "hang"
DRIP = "drip"
TRUNCATE = "truncate"
BREAK = "break"
STREAM_ERROR = "stream_error"
TRANSPORT = frozenset({RESET, HANG, DRIP, TRUNCATE, BREAK, STREAM_ERROR})


@dataclass(frozen=True, slots=True)
class Fault:
    """How the next requests fail.

    kind: `throttle`, `error500`, `error503` (nothing was done), `reset` (RST before anything was done),
    `hang` (no byte comes for `seconds`, then the connection closes), `drip` (the whole answer, over
    `seconds`), `truncate` (the work is done, half of the body comes), `break` (a stream ends inside its
    second frame), `stream_error` (a stream's second frame is its own error), or one of the service's own:
    `model_error`, `model_not_ready`.
    times: for how many requests; None: until cleared. after: how many requests succeed before.
    """

    kind: str
    times: int | None = 1
    seconds: float = 30.0
    after: int = 0


@dataclass
class _Armed:
    fault: Fault
    left: int | None
    passing: int


@dataclass
class Traffic:
    """Thread-safe counts of requests and queues of faults."""

    _counts: Counter[str] = field(default_factory=Counter)
    _armed: dict[str, list[_Armed]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)

    def arrive(self, operation: str) -> Fault | None:
        """Counts the request; returns the next fault for it, if any."""
        with self._lock:
            self._counts[operation] += 1
            return self._next(operation) or self._next(ANY)

    def requests(self, operation: str) -> int:
        with self._lock:
            return sum(self._counts.values()) if operation == ANY else self._counts[operation]

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self._counts.items()))

    def inject(self, operation: str, fault: Fault) -> None:
        with self._lock:
            self._armed.setdefault(operation, []).append(_Armed(fault, fault.times, fault.after))

    def reset(self) -> None:
        """Removes all faults and counts, and ends all hanging responses."""
        with self._lock:
            self._counts.clear()
            self._armed.clear()
            ended, self._ended = self._ended, threading.Event()
        ended.set()

    def clear(self, operation: str) -> None:
        """Removes the faults of one operation; all counts stay."""
        with self._lock:
            self._armed.pop(operation, None)

    async def wait(self, seconds: float, gone: Callable[[], bool]) -> None:
        """Returns after `seconds`, at reset(), or when the client is `gone`."""
        ended, clock = self._ended, asyncio.get_running_loop().time
        until = clock() + seconds
        while not ended.is_set() and not gone() and (left := until - clock()) > 0:
            await asyncio.sleep(min(left, 0.02))

    def _next(self, operation: str) -> Fault | None:
        queue = self._armed.get(operation, [])
        if not queue:
            return None
        first = queue[0]
        if first.passing > 0:
            first.passing -= 1
            return None
        if first.left is not None:
            first.left -= 1
            if first.left <= 0:
                queue.pop(0)
        return first.fault
