"""Who follows which edition on this server, and how changes reach them: at once from the steps of this
process, and by looks at the store where another process is at work.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import Protocol

from anyio import to_thread

from pipeline.api.push import Change, Edition, is_over
from pipeline.steps import status

# Seconds between two looks at an edition, and how many are looked at in a round: each is a read of the store.
_EVERY = 1.0
_MOST_LOOKS = 256
Read = Callable[[Edition], Change | None]


class Follower(Protocol):
    def offer(self, change: Change) -> None:
        """Returns at once: what the follower has not taken yet is replaced by what is newer."""
        ...


class Hub:
    """A Changes port. changed() is for any thread, all else for the event loop's.

    read: how far an edition is, by the store.
    """

    def __init__(self) -> None:
        self._followers: dict[Edition, set[Follower]] = {}
        # Of the editions that are followed: whose steps run in this process, and which are complete.
        self._made_here: set[Edition] = set()
        self._complete: set[Edition] = set()
        # The newest of each edition, on its way from a worker's thread to the event loop.
        self._changes: dict[Edition, Change] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._log = logging.getLogger(__name__)

    def changed(self, story_id: str, edition: str, state: str, done: int = 0, total: int = 0) -> None:
        followed = Edition(story_id, edition)
        # Who follows from now on reads the store, which has what is reported here, or will hear the next.
        if self._loop is None or followed not in self._followers:
            return
        with self._lock:
            is_planned = bool(self._changes)
            self._changes[followed] = Change(followed, state, done, total)
        if not is_planned:
            with suppress(RuntimeError):  # the loop has ended: the server stops
                self._loop.call_soon_threadsafe(self._pass_on)

    def follow(self, follower: Follower, editions: Iterable[Edition]) -> None:
        for edition in editions:
            self._followers.setdefault(edition, set()).add(follower)

    def leave(self, follower: Follower, editions: Iterable[Edition]) -> None:
        for edition in editions:
            followers = self._followers.get(edition, set())
            followers.discard(follower)
            if not followers:
                for kept in (self._made_here, self._complete):
                    kept.discard(edition)
                self._followers.pop(edition, None)

    async def watch(self, read: Read) -> None:
        """For as long as the server runs: looks at what is followed and made by another process."""
        self._loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_EVERY)
            for edition in self._due():
                try:
                    change = await to_thread.run_sync(read, edition)
                except Exception as error:  # noqa: BLE001 - a bug: the others are looked at all the same
                    self._log.error("an edition that is followed was not read", exc_info=error)
                    continue
                if change and edition not in self._made_here:
                    self._offer(change)

    def _due(self) -> list[Edition]:
        """The longest not looked at first: each goes to the end."""
        known = self._made_here | self._complete
        due = list(islice((each for each in self._followers if each not in known), _MOST_LOOKS))
        for edition in due:
            self._followers[edition] = self._followers.pop(edition)
        return due

    def _pass_on(self) -> None:
        with self._lock:
            changes, self._changes = self._changes, {}
        for edition, change in changes.items():
            if edition in self._followers:
                (self._made_here.discard if is_over(change) else self._made_here.add)(edition)
                self._offer(change)

    def _offer(self, change: Change) -> None:
        followers = self._followers.get(change.edition, ())
        if followers:
            (self._complete.add if change.state == status.DONE else self._complete.discard)(change.edition)
        for follower in tuple(followers):
            follower.offer(change)
