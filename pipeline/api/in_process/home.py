"""The guard of a server on a family's own machine: one shelf, and a PIN that only grown-ups know."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pipeline.api.events import header
from pipeline.api.guard import Event
from pipeline.errors import BusyError, RequestError
from pipeline.ports import Store
from pipeline.storage import family, pin

HEADER = "x-pin"
# Wrong tries that cost nothing; each further one doubles the wait. In seconds.
_FREE, _FIRST_WAIT, _LONGEST_WAIT = 5, 30.0, 3600.0


class Home:
    """Wrong tries are counted in this object, for all callers together: behind a router they share an
    address. clock: seconds, which only go forward.
    """

    needs_pin = True

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._wrong, self._until = 0, 0.0
        # One try at a time, so that many at once are counted before the next is looked at.
        self._lock = threading.Lock()

    @property
    def has_pin(self) -> bool:
        return pin.is_set(self._store)

    def owner(self, event: Event) -> str:
        return family.HOME

    def check(self, event: Event, story_id: str) -> None:
        self._try(header(event, HEADER))

    def choose_pin(self, new: str, old: str) -> None:
        if self.has_pin:
            self._try(old)
        pin.choose(self._store, new)

    def _try(self, given: str) -> None:
        if not given:  # no try: a page that does not know yet that a PIN is needed
            raise RequestError(
                "a grown-up's PIN is needed", problem="wrong-pin" if self.has_pin else "no-pin"
            )
        with self._lock:
            if (seconds := self._until - self._clock()) > 0:
                raise BusyError(
                    "the PIN was wrong too often", retry_after=int(seconds) + 1, problem="too-many-tries"
                )
            if pin.matches(self._store, given):
                self._wrong = 0
                return
            self._wrong += 1
            if self._wrong >= _FREE:
                wait = _FIRST_WAIT * 2.0 ** min(self._wrong - _FREE, 16)
                self._until = self._clock() + min(wait, _LONGEST_WAIT)
        raise RequestError("this is not the PIN", problem="wrong-pin")
