"""A Progress that writes an edition's status, and reports its changes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pipeline.ports import Advance, Changes, NoChanges, NoProgress, Store
from pipeline.steps.status import LIFE, SPEAKING, TRANSLATING, WRITING, Status, write
from pipeline.storage import keys
from pipeline.types import Early, Narration

_STATES = {"write": WRITING, "judge": WRITING, "translate": TRANSLATING, "speak": SPEAKING, "store": SPEAKING}
# Seconds between two writes of progress at least: each is a request to the store.
_EVERY = 1.0


class StatusProgress(NoProgress):
    """Writes the status: at each change of state, with the first translated sentence, and every second in
    between. For several threads at once. maker: as in Status. changes: is also given each sentence.
    """

    def __init__(
        self,
        store: Store,
        story_id: str,
        edition: str,
        clock: Callable[[], float] = time.time,
        maker: str = "",
        changes: Changes | None = None,
    ) -> None:
        self._store = store
        self._name = story_id, edition
        self._clock = clock
        self._status = Status("", 0, maker=maker)
        self._changes = changes or NoChanges()
        self._written = 0.0
        self._spoken = 0
        self._lock = threading.Lock()

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        state = _STATES[name]
        is_new, is_speaking = state != self._status.state, name == "speak"
        self._change(is_new, state=state, done=self._spoken if is_speaking else 0, total=total)

        def advance(count: int) -> None:
            """What is spoken counts by itself, also ahead of a translation that goes on."""
            if self._status.state == state and not is_speaking:
                self._change(reported=unit == "sentence", done=self._status.done + count)

        yield advance

    def show(self, early: Early) -> None:
        """The first translated sentence at once: it is spoken next."""
        is_first = early.locale != keys.WRITTEN_IN and len(early.sentences) == 1
        self._change(is_first, early=early)

    def spoke(self, number: int, narration: Narration) -> None:
        """Once a sentence can be heard, it is spoken: what is still translated no longer counts."""
        self._spoken = number + 1
        if self._status.state == WRITING:  # a scene is spoken while the next one is written: that goes on
            self._change(number == 0, reported=True)
            return
        is_ahead = self._status.state == TRANSLATING
        total = self._status.total - is_ahead  # a translation has the title, too
        self._change(is_ahead, reported=True, state=SPEAKING, done=self._spoken, total=total)

    def note(self, text: str) -> None:
        """To the log only: why a draft was refused is in the story's own record. A private one's: nowhere."""
        if keys.folder_of(self._name[0]):
            return
        logging.getLogger(__name__).info("%s: %s", self._name[0][:8], text)

    def _change(self, at_once: bool = False, reported: bool = False, **changed: Any) -> None:
        """at_once: written now. reported: also where it is not written."""
        with self._lock:
            status = self._status = replace(self._status, **changed)
            is_due = at_once or self._clock() - self._written >= _EVERY
            if is_due:
                self._written = self._clock()
                write(self._store, *self._name, replace(status, expires_at=self._written + LIFE))
        if is_due or reported:
            self._changes.changed(*self._name, status.state, status.done, status.total)
