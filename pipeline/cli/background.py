"""What a server fetches beside its work: the translators that are not here yet."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipeline.bootstrap import models_dir, translated_languages
from pipeline.config.settings import Settings
from pipeline.engines.embedded.progress import Lines
from pipeline.ports import Store
from pipeline.storage import private, private_folders

# A block of a download comes sooner; a host that sends nothing is left to the end of the process.
_GRACE_SECONDS = 1.0
_SWEEP_SECONDS = 3600.0


@contextmanager
def fetching_translators(settings: Settings) -> Iterator[None]:
    """In a thread of its own, with a log line for each event, until the block ends.

    An app that is built already goes on to translate as it did: the log says what counts from the next start.
    """
    if settings.aws.workflow:  # translates elsewhere
        yield
        return
    stopping = threading.Event()
    # A daemon: the process never waits for a silent host.
    thread = threading.Thread(target=_fetch, args=(settings, stopping), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(_GRACE_SECONDS)


@contextmanager
def sweeping(store: Store | None, every: float = _SWEEP_SECONDS) -> Iterator[None]:
    """Private stories that have expired are deleted: now, and every so many seconds, until the block ends.

    store: None for a bucket, which has a rule for that.
    """
    if store is None:
        yield
        return
    stopping = threading.Event()
    thread = threading.Thread(target=_sweep, args=(store, every, stopping), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(_GRACE_SECONDS)


def _sweep(store: Store, every: float, stopping: threading.Event) -> None:
    log = logging.getLogger(__name__)
    while True:
        try:
            if count := private_folders.sweep(store, private.today()):
                log.info("private stories that had expired were deleted: %d", count)
        except Exception as error:  # noqa: BLE001 - as a disk that may only be read: the next one tries again
            log.error("private stories that have expired were not deleted: %s", error)
        if stopping.wait(every):
            return


class _StoppedError(Exception):
    """The server ends: no error of a download, which would be remembered."""


class _LogLines(Lines):
    """A log line for each event. Raises _StoppedError in the fetching thread once the server ends."""

    def __init__(self, stopping: threading.Event) -> None:
        super().__init__(logging.getLogger(__name__).info)
        self._stopping = stopping

    def note(self, text: str) -> None:
        if self._stopping.is_set():
            raise _StoppedError
        super().note(text)

    def advance(self, name: str, done: int, total: int) -> None:
        if self._stopping.is_set():
            raise _StoppedError
        super().advance(name, done, total)


def _fetch(settings: Settings, stopping: threading.Event) -> None:
    from pipeline.engines.embedded import translator_fetch, translators

    directory, progress = models_dir(settings), _LogLines(stopping)
    absent = [
        language
        for language in translated_languages(settings)
        if not translators.are_here(translators.of(language), directory)
    ]
    with suppress(_StoppedError):
        translator_fetch.fetch(absent, directory, settings.mirror, progress)
        came = [each for each in absent if translators.are_here(translators.of(each), directory)]
        if came:
            progress.note(
                f"translators of {', '.join(came)} are here: they count from the next start of this server"
            )
