"""Stories on demand: accepts a request, starts it, waits for it. The API's routes call this."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

from pipeline.api import daily, idempotency
from pipeline.api.models import LocaleOrder, NameOrder, StoryOrder
from pipeline.api.push import Tickets
from pipeline.api.runner import Runner
from pipeline.app import App
from pipeline.ports import Store
from pipeline.steps import committed, status
from pipeline.steps.accept import acceptable, chain, commit
from pipeline.steps.name import say_name
from pipeline.storage.editions import USUAL_PACE
from pipeline.storage.private import store_of
from pipeline.story import heroes
from pipeline.types import Hero, Narration

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
    are begun in a day, 0 for any number. tickets: None where nothing is pushed."""

    app: App
    runner: Runner
    per_day: int = 0
    tickets: Tickets | None = None
    stopping: threading.Event = field(default_factory=threading.Event)

    def accept(self, order: StoryOrder, key: str = "", caller: str = "") -> Edition:
        """Checked and committed, but not started. Raises RequestError, ContentRejectedError.

        key: the caller's Idempotency-Key, "" for none; a rejected order leaves it unused.
        """
        edition = self._edition(order)
        if order.hero:
            return self._private(order, order.hero.hero, edition, key, caller)
        accepted = acceptable(self.app, order.context, order.variant or 0)
        variant = self._variant(order, key, caller)
        story_id = commit(self.app, replace(accepted, request=replace(accepted.request, variant=variant)))
        return Edition(story_id, edition, variant)

    def in_locale(self, story_id: str, order: LocaleOrder) -> Edition:
        """A story that was accepted before, in this locale. Raises NotFoundError, RequestError."""
        edition = self._edition(order)
        store = self.app.of(story_id).store
        return Edition(story_id, edition, committed.request(store, story_id).request.variant)

    def name(self, locale: str, order: NameOrder) -> Narration:
        """A name, said once by a voice of the locale. Raises as say_name(); BusyError: none is left today."""
        spoken_by = chain(self.app, locale, True, order.voice or "")
        hero = heroes.accept(order.hero, self.app.word_filter)
        daily.take(self.app.store, self.per_day)
        return say_name(spoken_by, hero)

    def begin(self, edition: Edition) -> bool:
        """Whether it is complete; else it is being made when this returns. Raises BusyError, EngineError."""
        if self._is_complete(edition):
            return True
        if not self._is_made_elsewhere(edition):
            daily.take(self.app.store, self.per_day)
            self.runner.start(edition.story_id, edition.name)
        elif self.runner.maker:  # which has written its status, and the marker maybe not yet
            status.accept(self._store(edition), edition.story_id, edition.name)
        return False

    def finish(self, edition: Edition, seconds: float) -> None:
        """Begins it and returns when it is complete or failed, after `seconds` at the latest.

        What another server has in hand is waited for; it is begun here where that one has ended. Raises as
        begin().
        """
        deadline = time.monotonic() + seconds
        pause, has_waited, name = _FIRST_PAUSE, False, (edition.story_id, edition.name)
        while not self._is_complete(edition):
            left = deadline - time.monotonic()
            if not self._is_made_elsewhere(edition):
                if not (has_waited and status.has_failed(self._store(edition), *name)):
                    daily.take(self.app.store, self.per_day)
                    self.runner.finish(edition.story_id, edition.name, max(0.0, left))
                return
            if left <= 0 or self.stopping.wait(min(pause, left)):
                return
            pause, has_waited = min(pause * 1.5, _LONGEST_PAUSE), True

    def _private(self, order: StoryOrder, hero: Hero, edition: str, key: str, caller: str) -> Edition:
        """A story in a folder of its own, where its key's requests are compared: the key knows no child."""
        variant = idempotency.draw() if order.variant is None else order.variant
        accepted = acceptable(self.app, order.context, variant, hero=hero)
        if not key:
            return Edition(commit(self.app, accepted), edition, variant)
        sent = {"private": True, **order.model_dump(include={"locale", "variant", "voice", "pace"})}
        story_id = idempotency.private_story(
            self.app.store, caller, key, sent, lambda: commit(self.app, accepted)
        )
        first = committed.request(self.app.of(story_id).store, story_id).request
        if first != replace(accepted.request, variant=first.variant):
            raise idempotency.reused()
        return Edition(story_id, edition, first.variant)

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
        return status.is_being_made(self._store(edition), *name, locks=self.app.locks, own=self.runner.maker)

    def _is_complete(self, edition: Edition) -> bool:
        return committed.is_whole(self.app.of(edition.story_id), edition.story_id, edition.name)

    def _store(self, edition: Edition) -> Store:
        return store_of(self.app.store, edition.story_id)
