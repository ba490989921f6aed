"""The status of an edition: a hint with an expiry, beside the manifest that alone means "done".

Written by `StatusProgress` as the steps go on, read by those who poll. Past its expiry it
reads as failed: its maker died, or ran out of time.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

from pipeline.errors import NotFoundError, StoriesError
from pipeline.ports import Advance, Store
from pipeline.storage import keys
from pipeline.storage.digest import canonical

QUEUED, WRITING, TRANSLATING, SPEAKING = "queued", "writing", "translating", "speaking"
DONE, FAILED = "done", "failed"
_STATES = {"write": WRITING, "judge": WRITING, "translate": TRANSLATING, "speak": SPEAKING, "store": SPEAKING}
# An Express workflow ends within 5 minutes, and a silent engine answers or fails within 70 s.
LIFE = 300.0
# Seconds between two writes of progress at least: each is a request to the store.
_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Status:
    """done, total: of the state's own unit (tokens, sentences); total 0: not known.

    problem: a slug of errors.py, where state is failed; kind: the error's class. expires_at: epoch seconds.
    """

    state: str
    expires_at: float
    done: int = 0
    total: int = 0
    problem: str = ""
    kind: str = ""
    detail: str = ""


def read(store: Store, story_id: str, edition: str, clock: Callable[[], float] = time.time) -> Status:
    """A damaged status reads as expired, an expired one as failed. Raises NotFoundError: never requested."""
    try:
        status = Status(**json.loads(store.get(keys.status(story_id, edition))))
    except (ValueError, TypeError):
        status = Status("", 0)
    if status.state != FAILED and status.expires_at <= clock():
        return Status(FAILED, status.expires_at, status.done, status.total, "interrupted", "UnavailableError")
    return status


def is_live(store: Store, story_id: str, edition: str, clock: Callable[[], float] = time.time) -> bool:
    """Whether it is being made, or queued, now."""
    try:
        return read(store, story_id, edition, clock).state != FAILED
    except NotFoundError:
        return False


def write(store: Store, story_id: str, edition: str, status: Status) -> None:
    store.put(keys.status(story_id, edition), canonical(asdict(status)))


def queue(store: Store, story_id: str, edition: str, life: float = LIFE) -> None:
    """life: seconds until it expires."""
    write(store, story_id, edition, Status(QUEUED, time.time() + life))


def fail(store: Store, story_id: str, edition: str, error: StoriesError) -> None:
    failed = Status(FAILED, time.time(), problem=error.problem, kind=type(error).__name__, detail=str(error))
    write(store, story_id, edition, failed)


@dataclass(slots=True)
class StatusProgress:
    """A Progress that writes the status: at each change of state, and every second in between."""

    store: Store
    story_id: str
    edition: str
    clock: Callable[[], float] = time.time
    _written: float = field(default=0.0, init=False)
    _state: str = field(default="", init=False)

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        status = Status(_STATES[name], 0, 0, total)
        if status.state != self._state or self._is_due():
            self._write(status)

        def advance(count: int) -> None:
            nonlocal status
            status = replace(status, done=status.done + count)
            if self._is_due():
                self._write(status)

        yield advance

    def note(self, text: str) -> None:
        """To the log only: why a draft was refused is in the story's own record."""
        logging.getLogger(__name__).info("%s: %s", self.story_id[:8], text)

    def _is_due(self) -> bool:
        return self.clock() - self._written >= _EVERY

    def _write(self, status: Status) -> None:
        self._written, self._state = self.clock(), status.state
        write(self.store, self.story_id, self.edition, replace(status, expires_at=self._written + LIFE))
