"""Stories on demand: accepts a request, starts it, waits for it. The API's routes call this."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace

from pipeline.api import daily, idempotency
from pipeline.api.guard import Guard, Nobody
from pipeline.api.models import EditOrder, LocaleOrder, NameOrder, StoryOrder
from pipeline.api.push import Tickets
from pipeline.api.runner import Runner
from pipeline.app import App
from pipeline.ports import Store
from pipeline.steps import committed, status
from pipeline.steps.accept import acceptable, chain, commit, put_request
from pipeline.steps.delete import delete_all
from pipeline.steps.name import say_name
from pipeline.steps.revise import revise, story_before, undo
from pipeline.storage import family
from pipeline.storage.editions import USUAL_PACE
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.private import store_of
from pipeline.storage.records import AcceptedRequest
from pipeline.story import heroes
from pipeline.types import Change, Hero, Narration, Revision

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
    are begun in a day, 0 for any number. tickets: None where nothing is pushed. guard: of what only a
    grown-up may do, and whose shelf a caller's stories stand on. exports: names of the formats that a server
    has stories in."""

    app: App
    runner: Runner
    per_day: int = 0
    tickets: Tickets | None = None
    guard: Guard = field(default_factory=Nobody)
    exports: tuple[str, ...] = ()
    stopping: threading.Event = field(default_factory=threading.Event)

    def accept(self, order: StoryOrder, key: str = "", caller: str = "", owner: str = "") -> Edition:
        """Checked and committed, but not started. Raises RequestError, ContentRejectedError.

        key: the caller's Idempotency-Key, "" for none; a rejected order leaves it unused. owner: of the shelf
        that it is put on, "" for none.
        """
        edition = self._edition(order)
        audience = self.app.offer.audience(order.audience).name  # no free words here
        if order.hero:
            return self._private(order, audience, order.hero.hero, edition, key, caller, owner)
        accepted = acceptable(self.app, order.context, order.variant or 0, audience, order.length)
        variant = self._variant(order, key, caller)
        accepted = replace(
            accepted, request=replace(accepted.request, variant=variant), owner=_recorded(owner)
        )
        is_first = put_request(self.app, accepted)
        ordered = Edition(accepted.story_id, edition, variant)
        if owner:
            self._shelve(ordered, owner, is_first)
        return ordered

    def in_locale(self, story_id: str, order: LocaleOrder, owner: str = "") -> Edition:
        """A story that was accepted before, in this locale. Raises NotFoundError, RequestError."""
        edition = self._edition(order)
        request = committed.request(self.app.of(story_id).store, story_id).request
        ordered = Edition(story_id, edition, request.variant)
        if owner:
            self._shelve(ordered, owner, is_first=False)
        return ordered

    def name(self, locale: str, order: NameOrder) -> Narration:
        """A name, said once by a voice of the locale. Raises as say_name(); BusyError: none is left today."""
        spoken_by = chain(self.app, locale, True, order.voice or "")
        hero = heroes.accept(order.hero, self.app.word_filter)
        daily.take(self.app.store, self.per_day)
        return say_name(spoken_by, hero)

    def delete(self, story_id: str) -> tuple[str, ...]:
        """The ids of what was deleted: of this story, and of those of which a person made it.

        Raises NotFoundError, BusyError: it is being made.
        """
        return tuple(deleted.story_id for deleted in delete_all(self.app, story_id))

    def _shelve(self, ordered: Edition, owner: str, is_first: bool) -> None:
        """On the shelf of who asked first: a story that another family asked for is not this one's."""
        story_id = ordered.story_id
        if owner == family.HOME or is_first or self._owner_of(story_id) == owner:
            family.add(self.app.store, owner, story_id, ordered.name, time.time(), is_new=is_first)

    def _owner_of(self, story_id: str) -> str:
        return committed.request(self.app.of(story_id).store, story_id).owner

    def edit(self, story_id: str, order: EditOrder, owner: str = "") -> Edition:
        """A story with a person's changes, in the place of the first on the shelf; committed, not started.

        Raises NotFoundError, RequestError, ContentRejectedError.
        """
        name = self._edition(order)
        chosen = self.app.chain(name)
        changes = tuple(Change(change.segment, change.text) for change in order.changes)
        locale = chosen.locale if chosen.translation else WRITTEN_IN
        revision = Revision(story_id, locale, changes, order.title or "")
        accepted = revise(self.app.of(story_id), revision)
        if owner:
            family.replace(self.app.store, owner, story_id, accepted.story_id, name, time.time())
        return Edition(accepted.story_id, name, accepted.request.variant)

    def undo(self, story_id: str, owner: str = "") -> str:
        """The id of the story before, which counts again, on the shelf too.

        Raises NotFoundError, RequestError, BusyError.
        """
        line = family.find(self.app.store, owner, story_id) if owner else None
        if line:  # before the deletion: after a crash between them one of the two is on the shelf
            before = story_before(self.app.of(story_id), story_id)
            family.replace(self.app.store, owner, story_id, before, line.editions[0], time.time())
        return undo(self.app, story_id)

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

    def _private(
        self, order: StoryOrder, audience: str, hero: Hero, edition: str, key: str, caller: str, owner: str
    ) -> Edition:
        """A story in a folder of its own, where its key's requests are compared: the key knows no child."""
        variant = idempotency.draw() if order.variant is None else order.variant
        accepted = acceptable(self.app, order.context, variant, audience, order.length, hero)
        accepted = replace(accepted, owner=_recorded(owner))
        story_id = self._private_id(accepted, order, key, caller)
        first = committed.request(self.app.of(story_id).store, story_id).request
        if first != replace(accepted.request, variant=first.variant):
            raise idempotency.reused()
        ordered = Edition(story_id, edition, first.variant)
        if owner:
            self._shelve(ordered, owner, is_first=False)
        return ordered

    def _private_id(self, accepted: AcceptedRequest, order: StoryOrder, key: str, caller: str) -> str:
        """Of the story of this key's first request, committed; without a key, of a new one."""
        if not key:
            return commit(self.app, accepted)
        sent = {"private": True, **order.model_dump(include={"locale", "variant", "voice", "pace"})}
        return idempotency.private_story(
            self.app.store, caller, key, sent, lambda: commit(self.app, accepted)
        )

    def _edition(self, order: StoryOrder | LocaleOrder) -> str:
        """Raises RequestError."""
        pace = USUAL_PACE if order.pace is None else order.pace
        return chain(self.app, order.locale, order.experimental, order.voice or "", pace).edition

    def _variant(self, order: StoryOrder, key: str, caller: str) -> int:
        if not key:
            return idempotency.draw() if order.variant is None else order.variant
        sent = order.model_dump(include={"context", "locale", "variant"})
        sent |= order.model_dump(include={"voice", "pace", "length", "audience"}, exclude_defaults=True)
        return idempotency.variant(self.app.store, caller, key, sent)

    def _is_made_elsewhere(self, edition: Edition) -> bool:
        """Not where its mp3 was deleted, for it has a manifest."""
        name = edition.story_id, edition.name
        return status.is_being_made(self._store(edition), *name, locks=self.app.locks, own=self.runner.maker)

    def _is_complete(self, edition: Edition) -> bool:
        return committed.is_whole(self.app.of(edition.story_id), edition.story_id, edition.name)

    def _store(self, edition: Edition) -> Store:
        return store_of(self.app.store, edition.story_id)


def _recorded(owner: str) -> str:
    """What a request says of its owner: nothing at home, where all stories are the family's."""
    return "" if owner == family.HOME else owner
