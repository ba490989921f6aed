"""The guard of what a grown-up decides: to delete, to publish and to edit a story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.api.events import signed_in
from pipeline.app import App
from pipeline.errors import RequestError
from pipeline.steps import committed
from pipeline.storage.digest import digest

Event = Mapping[str, Any]
# Hexadecimal digits of an owner's name.
_DIGITS = 32


class Guard(Protocol):
    """Every guarded route calls check() before anything else."""

    @property
    def needs_pin(self) -> bool:
        """Whether it is a PIN that a grown-up shows, in the header X-Pin."""
        ...

    @property
    def has_pin(self) -> bool: ...

    def owner(self, event: Event) -> str:
        """Whose shelf the caller's stories stand on; "" for nobody's."""
        ...

    def check(self, event: Event, story_id: str) -> None:
        """Raises RequestError ("no-pin", "wrong-pin", "grown-up-needed"), BusyError "too-many-tries",
        NotFoundError: there is no such story.
        """
        ...

    def choose_pin(self, pin: str, old: str) -> None:
        """old: the one before. Raises as check() does."""
        ...


class Nobody:
    """Where no grown-up can be told from a child: an API without a sign-in."""

    needs_pin = has_pin = False

    def owner(self, event: Event) -> str:
        return ""

    def check(self, event: Event, story_id: str) -> None:
        raise _refused()

    def choose_pin(self, pin: str, old: str) -> None:
        raise _refused()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The signed-in caller who asked for a story first is its grown-up."""

    app: App
    needs_pin = has_pin = False

    def owner(self, event: Event) -> str:
        caller = signed_in(event)
        return digest(["owner", caller])[:_DIGITS] if caller else ""

    def check(self, event: Event, story_id: str) -> None:
        owner = self.owner(event)
        if not owner or committed.request(self.app.of(story_id).store, story_id).owner != owner:
            raise _refused()

    def choose_pin(self, pin: str, old: str) -> None:
        raise _refused()


def _refused() -> RequestError:
    return RequestError("a grown-up who is signed in is needed", problem="grown-up-needed")
