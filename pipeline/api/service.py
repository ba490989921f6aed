"""What a caller asks for, and what is there of it: the API's routes call this, and so could anything else."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from pipeline.api import idempotency
from pipeline.api.runner import Runner
from pipeline.app import App
from pipeline.steps import status
from pipeline.steps.accept import accept as accept_step
from pipeline.steps.accept import chain
from pipeline.steps.committed import is_complete
from pipeline.storage import keys
from pipeline.storage.records import AcceptedRequest, load_request
from pipeline.story import ideas

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


@dataclass(frozen=True, slots=True)
class Ask:
    """variant: None for any. key: the caller's Idempotency-Key, "" for none; caller: whose key it is."""

    context: str
    locale: str = "en"
    variant: int | None = None
    experimental: bool = False
    key: str = ""
    caller: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A story in a locale that may be made. variant: which one it is."""

    story_id: str
    locale: str
    variant: int


@dataclass(frozen=True, slots=True)
class OnDemand:
    """stopping: set when the process is to end; nobody waits any longer then."""

    app: App
    runner: Runner
    stopping: threading.Event = field(default_factory=threading.Event)

    def accept(self, ask: Ask) -> Asked:
        """Checked, and on record, but not begun. Raises RequestError, ContentRejectedError."""
        locale = chain(self.app, ask.locale, ask.experimental).locale
        ideas.accept(ask.context, self.app.word_filter)  # before a key is spent on it
        variant = self._variant(ask)
        return Asked(accept_step(self.app, ask.context, variant), locale, variant)

    def again(self, story_id: str, tag: str, experimental: bool = False) -> Asked:
        """A story that was asked for before, in this locale. Raises NotFoundError, RequestError."""
        locale = chain(self.app, tag, experimental).locale
        return Asked(story_id, locale, self.request(story_id).request.variant)

    def request(self, story_id: str) -> AcceptedRequest:
        """Raises NotFoundError."""
        key = keys.request(story_id)
        return load_request(self.app.store.get(key), key)

    def begin(self, asked: Asked) -> None:
        """Being made when this returns, unless it is made, or being made, already. Raises BusyError."""
        if not self._is_made_or_live(asked):
            self.runner.start(asked.story_id, asked.locale)

    def finish(self, asked: Asked, seconds: float) -> None:
        """Begins it and waits until it is over, well or not, `seconds` at most."""
        deadline = time.monotonic() + seconds
        if not self._is_made_or_live(asked):
            self.runner.finish(asked.story_id, asked.locale, seconds)
            return
        pause = _FIRST_PAUSE
        while self._is_live(asked) and time.monotonic() < deadline:
            if self.stopping.wait(max(0.0, min(pause, deadline - time.monotonic()))):
                return
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def _variant(self, ask: Ask) -> int:
        if not ask.key:
            return idempotency.draw() if ask.variant is None else ask.variant
        sent = {"context": ask.context, "locale": ask.locale, "variant": ask.variant}
        return idempotency.variant(self.app.store, ask.caller, ask.key, sent)

    def _is_made_or_live(self, asked: Asked) -> bool:
        return self._is_made(asked) or status.is_live(self.app.store, asked.story_id, asked.locale)

    def _is_live(self, asked: Asked) -> bool:
        return not self._is_made(asked) and status.is_live(self.app.store, asked.story_id, asked.locale)

    def _is_made(self, asked: Asked) -> bool:
        return is_complete(self.app.store, asked.story_id, asked.locale)
