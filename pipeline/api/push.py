"""Push: what a WebSocket carries, by whichever server. Ids and states only, never a text or a sound."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from pipeline.api import events, views
from pipeline.api.responses import to_json
from pipeline.app import App
from pipeline.errors import RequestError, StoriesError
from pipeline.steps import status

# Of a message, either way.
MOST_BYTES = 4096
MOST_FOLLOWED = 20
# A ticket is good for one connection.
TICKET_SECONDS = 60
_LONGEST_VERSION = 60


class Edition(NamedTuple):
    """What is followed: a story by one of its editions."""

    story_id: str
    name: str


class Change(NamedTuple):
    """state, done, total: as in steps/status.py."""

    edition: Edition
    state: str
    done: int = 0
    total: int = 0

    @property
    def version(self) -> str:
        """A message's `seen`, by which a client names the last. Of the state alone: any server can resume."""
        return f"{self.state} {self.done}/{self.total}"

    @property
    def text(self) -> str:
        (story_id, edition), *progress = self
        named = dict(zip(("state", "done", "total"), progress, strict=True))
        return to_json({"id": story_id, "edition": edition, **named, "seen": self.version})


class Tickets(Protocol):
    """Admits holders of a ticket, which only callers of the API receive."""

    def address(self, scheme: str, host: str) -> str:
        """Of a new connection, with its ticket. scheme, host: by which this request reached the API."""
        ...


def followed(text: object) -> dict[Edition, str]:
    """What a client wants to follow from now on, with what it has seen. Raises RequestError."""
    sent: Any = None
    if isinstance(text, str) and len(text.encode("utf-8", "replace")) <= MOST_BYTES:
        with suppress(ValueError, RecursionError):
            sent = events.table(json.loads(text)).get("follow")
    if not isinstance(sent, list) or len(sent) > MOST_FOLLOWED:
        raise RequestError(f'a message is {{"follow": […]}}, with {MOST_FOLLOWED} editions at most')
    return dict(map(_followed, sent))


def current(app: App, edition: Edition) -> Change | None:
    """How far it is; None where that is not known: never requested, or a store that cannot be read."""
    with suppress(StoriesError, KeyError):
        now = views.state(app.of(edition.story_id), *edition)
        return Change(edition, now.state, now.done, now.total)
    return None


def is_over(change: Change) -> bool:
    return change.state in {status.DONE, status.FAILED}


def _followed(sent: object) -> tuple[Edition, str]:
    fields = events.table(sent)
    version = fields.get("seen", "")
    if not isinstance(version, str) or len(version) > _LONGEST_VERSION:
        raise RequestError("seen is the last event's")
    return Edition(*events.edition({"id": fields.get("id"), "locale": fields.get("edition")})), version
