"""Stories on demand: accepts a request, starts it, waits for it. The API's routes call this."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

from pipeline.api import daily, idempotency
from pipeline.api.models import LocaleOrder, StoryOrder
from pipeline.api.push import Tickets
from pipeline.api.runner import Runner
from pipeline.app import App
from pipeline.steps import committed, status
from pipeline.steps.accept import acceptable, chain, commit
from pipeline.storage.editions import USUAL_PACE

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


@dataclass(frozen=True, slots=True)
class Edition:
    """A requested edition. name: as in storage/editions.py. variant: which of the idea's many stories."""

    story_id: str
    name: str
    variant: int


@dataclass(frozen=True, slots=True)
class OnDemand:
    """stopping: set when the process is about to end; finish() returns then. per_day: the most editions that
    are begun in a day, 0 for any number. tickets: None where nothing is pushed. exports: names of the formats
    that a server has stories in."""

    app: App
    runner: Runner
    per_day: int = 0
    tickets: Tickets | None = None
    exports: tuple[str, ...] = ()
    stopping: threading.Event = field(default_factory=threading.Event)

    def accept(self, order: StoryOrder, key: str = "", caller: str = "") -> Edition:
        """Checked and committed, but not started. Raises RequestError, ContentRejectedError.

        key: the caller's Idempotency-Key, "" for none; a rejected order leaves it unused.
        """
        edition = self._edition(order)
        accepted = acceptable(self.app, order.context, order.variant or 0)
        variant = self._variant(order, key, caller)
        story_id = commit(self.app, replace(accepted, request=replace(accepted.request, variant=variant)))
        return Edition(story_id, edition, variant)

    def in_locale(self, story_id: str, order: LocaleOrder) -> Edition:
        """A story that was accepted before, in this locale. Raises NotFoundError, RequestError."""
        edition = self._edition(order)
        return Edition(story_id, edition, committed.request(self.app.store, story_id).request.variant)

    def begin(self, edition: Edition) -> bool:
        """Whether it is complete; else it is being made when this returns. Raises BusyError, EngineError."""
        if self._is_complete(edition):
            return True
        if not self._is_made_elsewhere(edition):
            daily.take(self.app.store, self.per_day)
            self.runner.start(edition.story_id, edition.name)
        elif self.runner.maker:  # which has written its status, and the marker maybe not yet
            status.accept(self.app.store, edition.story_id, edition.name)
        return False

    def finish(self, edition: Edition, seconds: float) -> None:
        """Begins it and returns when it is complete or failed, after `seconds` at the latest.

        What another server has in hand is waited for; it is begun here where that one has ended. Raises as
        begin().
        """
        deadline = time.monotonic() + seconds
        pause, has_waited = _FIRST_PAUSE, False
        while not self._is_complete(edition):
            left = deadline - time.monotonic()
            if not self._is_made_elsewhere(edition):
                if not (has_waited and status.has_failed(self.app.store, edition.story_id, edition.name)):
                    daily.take(self.app.store, self.per_day)
                    self.runner.finish(edition.story_id, edition.name, max(0.0, left))
                return
            if left <= 0 or self.stopping.wait(min(pause, left)):
                return
            pause, has_waited = min(pause * 1.5, _LONGEST_PAUSE), True

    def _edition(self, order: StoryOrder | LocaleOrder) -> str:
        """Raises RequestError."""
        pace = USUAL_PACE if order.pace is None else order.pace
        return chain(self.app, order.locale, order.experimental, order.voice or "", pace).edition

    def _variant(self, order: StoryOrder, key: str, caller: str) -> int:
        if not key:
            return idempotency.draw() if order.variant is None else order.variant
        sent = order.model_dump(include={"context", "locale", "variant"})
        sent |= order.model_dump(include={"voice", "pace"}, exclude_none=True)
        return idempotency.variant(self.app.store, caller, key, sent)

    def _is_made_elsewhere(self, edition: Edition) -> bool:
        """Not where its mp3 was deleted, for it has a manifest."""
        name = edition.story_id, edition.name
        return status.is_being_made(self.app.store, *name, locks=self.app.locks, own=self.runner.maker)

    def _is_complete(self, edition: Edition) -> bool:
        return committed.is_whole(self.app, edition.story_id, edition.name)
