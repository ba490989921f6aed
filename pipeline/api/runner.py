"""Who makes what the API accepted: threads of this process, or a state machine (engines/aws/workflow.py)."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Protocol

from pipeline.app import App
from pipeline.errors import BusyError, StoriesError
from pipeline.ports import Store
from pipeline.steps import status
from pipeline.steps.run import run
from pipeline.steps.status import StatusProgress
from pipeline.storage import keys, shelf
from pipeline.storage.records import load_manifest
from pipeline.types import Manifest

Key = tuple[str, str]
# How long a story takes until one was made here: the demo's own, about a minute.
_FIRST_GUESS = 60.0
_LONGEST_WAIT = 120
# How often (s) an idle worker looks whether it is to stop.
_LOOK_UP = 0.5


class Runner(Protocol):
    """Takes (story id, locale); the request is in the store already. Both raise BusyError, EngineError."""

    def start(self, story_id: str, locale: str) -> None:
        """Accepted, and on record, when this returns."""
        ...

    def finish(self, story_id: str, locale: str, seconds: float) -> None:
        """Starts it, and returns when it is over, well or not, or after `seconds`: the store tells."""
        ...


@dataclass(slots=True)
class _Job:
    """settled: `recorded` says whether its status is in the store. over: made, failed, or given up."""

    settled: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    recorded: bool = False


class InProcess:
    """A bounded queue and worker threads around the steps. Two requests for one thing are one job.

    workers: made at once. waiting: jobs that may wait besides. publish: list each finished story.
    """

    def __init__(self, app: App, workers: int = 2, waiting: int = 16, publish: bool = False) -> None:
        self._app = app
        self._workers = workers
        self._most = workers + waiting
        self._publish = publish
        self._queue: SimpleQueue[Key] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._jobs: dict[Key, _Job] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._took: deque[float] = deque(maxlen=8)
        self._log = logging.getLogger(__name__)

    def start(self, story_id: str, locale: str) -> None:
        self._submit((story_id, locale))

    def finish(self, story_id: str, locale: str, seconds: float) -> None:
        over = self._submit((story_id, locale))
        over.wait(0 if self._stopping else seconds)

    def resume(self) -> int:
        """Takes up what an earlier process accepted and did not finish; how many there are.

        Their makers may live on in another process: the steps' claims join them.
        """
        store = self._app.store
        there = set(store.list("stories/"))
        found = list(_unfinished(store, there))
        for key in found:
            if key[1] in self._app.chains:
                self._submit(key, bounded=False)
        if self._publish:
            for manifest in _unlisted(store, there):
                shelf.publish(store, manifest)
        return len(found)

    def stop(self, seconds: float) -> None:
        """Begins nothing more; waits `seconds` at most for what is being made, then lets go its waiters.

        The rest stays on record: resume() takes it up.
        """
        deadline = time.monotonic() + seconds
        self._stopping = True
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            for job in self._jobs.values():
                job.over.set()

    def _submit(self, key: Key, bounded: bool = True) -> threading.Event:
        """On record when this returns; the event is set when the job is over."""
        job, ahead = self._enter(key, bounded)
        if ahead is None:
            job.settled.wait()
            # Where the first could not put it on record, this one tries.
            return job.over if job.recorded else self._submit(key, bounded)
        try:
            status.queue(self._app.store, *key, life=status.LIFE * (1 + ahead // self._workers))
            job.recorded = True
        finally:
            if not job.recorded:
                self._leave(key)
            job.settled.set()
        self._queue.put(key)
        return job.over

    def _enter(self, key: Key, bounded: bool) -> tuple[_Job, int | None]:
        """The job, and how many are before it; None where it was there already. Raises BusyError."""
        with self._lock:
            if key in self._jobs:
                return self._jobs[key], None
            ahead = len(self._jobs)
            if bounded and ahead >= self._most:
                raise self._busy(ahead)
            self._jobs[key] = _Job()
            self._start_threads()
            return self._jobs[key], ahead

    def _start_threads(self) -> None:
        """At the first job. Daemons: a server that is told to stop does not wait for a slow model."""
        for _ in range(self._workers - len(self._threads)):
            self._threads.append(threading.Thread(target=self._work, daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        while not self._stopping:
            try:
                key = self._queue.get(timeout=_LOOK_UP)
            except Empty:
                continue
            started = time.monotonic()
            error = self._make(key)
            self._took.append(time.monotonic() - started)
            self._leave(key, error)

    def _make(self, key: Key) -> StoriesError | None:
        """Why it was not made."""
        store = self._app.store
        try:
            manifest = run(self._app, *key, StatusProgress(store, *key))
            if self._publish:
                shelf.publish(store, manifest)
        except StoriesError as error:
            self._log.warning("story not made", extra={**_named(key), "problem": error.problem})
            return error
        except Exception as error:  # noqa: BLE001 - a bug of ours; whoever waits is told all the same
            self._log.error("story not made", extra=_named(key), exc_info=error)
            return StoriesError(type(error).__name__)
        return None

    def _leave(self, key: Key, error: StoriesError | None = None) -> None:
        """Its failure is on record before another may begin: else it would stand over the new one's."""
        with self._lock:
            if error:
                self._fail(key, error)
            self._jobs.pop(key).over.set()

    def _fail(self, key: Key, error: StoriesError) -> None:
        try:
            status.fail(self._app.store, *key, error)
        except StoriesError as lost:  # a full disk, say: its status runs out, and reads as failed then
            self._log.error("failure not recorded", extra=_named(key), exc_info=lost)

    def _busy(self, ahead: int) -> BusyError:
        took = sorted(self._took)[len(self._took) // 2] if self._took else _FIRST_GUESS
        seconds = max(1, min(_LONGEST_WAIT, round(took / self._workers)))
        return BusyError(
            f"{ahead} stories are being made or wait already: ask again in {seconds} s", retry_after=seconds
        )


def _named(key: Key) -> dict[str, str]:
    return {"story_id": key[0], "locale": key[1]}


class Recorded:
    """Keeps on record what another runner accepts: a state machine writes a status only once it runs."""

    def __init__(self, runner: Runner, store: Store) -> None:
        self._runner = runner
        self._store = store

    def start(self, story_id: str, locale: str) -> None:
        with self._recorded((story_id, locale)):
            self._runner.start(story_id, locale)

    def finish(self, story_id: str, locale: str, seconds: float) -> None:
        with self._recorded((story_id, locale)):
            self._runner.finish(story_id, locale, seconds)

    @contextmanager
    def _recorded(self, key: Key) -> Iterator[None]:
        """What was not taken is not live: the next request starts it again."""
        status.queue(self._store, *key)
        try:
            yield
        except StoriesError as error:
            status.fail(self._store, *key, error)
            raise


def unfinished(store: Store) -> Iterator[Key]:
    """What was accepted and is neither made nor reported as failed."""
    return _unfinished(store, set(store.list("stories/")))


def _unfinished(store: Store, there: Set[str]) -> Iterator[Key]:
    for key in sorted(there):
        parts = key.split("/")
        if parts[-1] != "status.json" or "/".join([*parts[:3], "manifest.json"]) in there:
            continue
        # Expired ones too: their maker died, and nobody was told.
        if status.read(store, parts[1], parts[2], clock=lambda: 0.0).state != status.FAILED:
            yield parts[1], parts[2]


def _unlisted(store: Store, there: Set[str]) -> Iterator[Manifest]:
    """What was accepted and made, but whose maker ended before it was listed."""
    listed = set(store.list(keys.cards(shelf.PUBLISHED)))
    for key in sorted(there):
        parts = key.split("/")
        if parts[-1] != "manifest.json" or keys.status(parts[1], parts[2]) not in there:
            continue
        if keys.card(shelf.PUBLISHED, parts[2], parts[1]) not in listed:
            with suppress(StoriesError):  # a damaged one is no reason not to start
                yield load_manifest(store.get(key), key)
