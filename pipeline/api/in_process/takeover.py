"""The work of a server that has ended, taken up by another on the same store."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache

from pipeline.api.in_process.makers import Makers
from pipeline.api.in_process.unfinished import unfinished, unlisted
from pipeline.api.runner import Job
from pipeline.app import App
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.steps import status
from pipeline.storage import shelf
from pipeline.storage.private import PrivateStore, request, store_of
from pipeline.storage.private_folders import folders

# Seconds between two looks at the other servers.
_LOOK = 5.0


class TakeOver:
    """submit: starts a job. publish: whether finished stories are listed.

    Where two servers do it at once they make nothing twice: the steps' locks see to that.
    """

    def __init__(self, app: App, makers: Makers, submit: Callable[[Job], object], publish: bool) -> None:
        self._app = app
        self._makers = makers
        self._submit = submit
        self._publish = publish
        self._log = logging.getLogger(__name__)

    def look(self) -> int:
        """Starts what was accepted and no living server has; the number of jobs. Raises StoreError."""
        ended, store = self._makers.ended(), self._app.store
        names = set(store.list("stories/"))
        is_at_work, count = cache(self._makers.is_at_work), 0
        for job in (*unfinished(store, names), *self._private()):
            maker = status.maker(store_of(store, job[0]), *job)
            if _is_served(self._app, job[1]) and not is_at_work(maker):
                self._submit(job)
                count += 1
        if self._publish:
            for manifest in unlisted(store, names):
                shelf.publish(store, manifest)
        self._makers.handle(ended)
        return count

    def _private(self) -> Iterator[Job]:
        """Of each private folder; what has expired is made no more."""
        store, now = self._app.store, self._app.today()
        for folder, names in folders(store):
            for job in unfinished(PrivateStore(store, folder), set(names)):
                with suppress(NotFoundError, DamagedError):
                    request(store, job[0], now)
                    yield job

    def watch(self, stopping: threading.Event) -> None:
        """Looks again whenever another server has ended, until this one stops."""
        while not stopping.wait(_LOOK):
            try:
                if self._makers.ended() and (count := self.look()):
                    self._log.warning("stories of a server that ended are made here: %d", count)
            except Exception as error:  # noqa: BLE001 - as a full disk: the next look tries again
                self._log.error("stories of a server that ended were not taken up", exc_info=error)


def _is_served(app: App, edition: str) -> bool:
    """Whether this profile has the locale and the voice."""
    try:
        app.chain(edition)
    except (KeyError, RequestError):
        return False
    return True
