"""Runners make accepted stories: in threads of this process, or a state machine (engines/aws/workflow.py)."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Protocol

from pipeline.app import App
from pipeline.errors import BusyError, RequestError, StoriesError
from pipeline.ports import Store
from pipeline.steps import status
from pipeline.steps.run import run
from pipeline.steps.status import StatusProgress
from pipeline.storage import keys, shelf
from pipeline.storage.records import load_manifest
from pipeline.types import Manifest

# (story id, edition's name)
Job = tuple[str, str]
# Seconds that a story is assumed to take until the first was made: about what the demo's took.
_FIRST_GUESS = 60.0
_LONGEST_WAIT = 120


class Runner(Protocol):
    """Makes (story id, edition) of a committed request. Both methods raise BusyError and EngineError."""

    def start(self, story_id: str, edition: str) -> None:
        """Its status is in the store when this returns."""
        ...

    def finish(self, story_id: str, edition: str, seconds: float) -> None:
        """Starts it, and returns when it is complete or failed, after `seconds` at the latest."""
        ...


class InProcess:
    """A bounded queue and worker threads around the steps. Equal requests are one job.

    workers: jobs at once. waiting: jobs that may wait besides. publish: whether finished stories are listed.
    clock: seconds, to measure durations.
    """

    def __init__(
        self,
        app: App,
        workers: int = 2,
        waiting: int = 16,
        publish: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._workers = workers
        self._most = workers + waiting
        self._publish = publish
        self._clock = clock
        # None ends a worker.
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        # Each is set when its job is over.
        self._jobs: dict[Job, threading.Event] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._durations: deque[float] = deque(maxlen=8)
        self._log = logging.getLogger(__name__)

    def start(self, story_id: str, edition: str) -> None:
        self._submit((story_id, edition))

    def finish(self, story_id: str, edition: str, seconds: float) -> None:
        over = self._submit((story_id, edition))
        over.wait(0 if self._stopping else seconds)

    def resume(self) -> int:
        """Starts what an earlier process accepted and did not finish; the number of jobs.

        Another process may still be making them: the steps' locks prevent double work.
        """
        store = self._app.store
        names = set(store.list("stories/"))
        jobs = list(unfinished(store, names))
        for job in jobs:
            if _is_served(self._app, job[1]):
                self._submit(job, bounded=False)
        if self._publish:
            for manifest in _unlisted(store, names):
                shelf.publish(store, manifest)
        return len(jobs)

    def stop(self, seconds: float) -> None:
        """Starts no more jobs, waits `seconds` at most for those at work, then releases finish().

        The rest stays in the store: resume() starts it again.
        """
        deadline = time.monotonic() + seconds
        self._stopping = True
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for over in list(self._jobs.values()):
            over.set()

    def _submit(self, job: Job, bounded: bool = True) -> threading.Event:
        """Its status is in the store when this returns. The event is set when the job is over."""
        with self._lock:
            if job in self._jobs:
                return self._jobs[job]
            ahead = len(self._jobs)
            if bounded and ahead >= self._most:
                raise self._busy(ahead)
            status.queue(self._app.store, *job, life=status.LIFE * (1 + ahead // self._workers))
            over = self._jobs[job] = threading.Event()
            self._start_threads()
        self._queue.put(job)
        return over

    def _start_threads(self) -> None:
        """Daemons, at the first job: a server that stops does not wait for a slow model."""
        for _ in range(self._workers - len(self._threads)):
            thread = threading.Thread(target=self._work, daemon=True)
            thread.start()  # before stop() may join it
            self._threads.append(thread)

    def _work(self) -> None:
        while (job := self._queue.get()) and not self._stopping:
            started = self._clock()
            error = self._make(job)
            self._durations.append(self._clock() - started)
            # The failure is in the store before the job may start again: else it would overwrite that status.
            with self._lock:
                if error:
                    self._fail(job, error)
                self._jobs.pop(job).set()

    def _make(self, job: Job) -> StoriesError | None:
        """Why it was not made; None where it was."""
        store = self._app.store
        try:
            manifest = run(self._app, *job, StatusProgress(store, *job))
            if self._publish:
                shelf.publish(store, manifest)
        except StoriesError as error:
            self._log.warning("story not made", extra={**_fields(job), "problem": error.problem})
            return error
        except Exception as error:  # noqa: BLE001 - a bug: the caller that waits still gets a response
            self._log.error("story not made", extra=_fields(job), exc_info=error)
            return StoriesError(type(error).__name__)
        return None

    def _fail(self, job: Job, error: StoriesError) -> None:
        try:
            status.fail(self._app.store, *job, error)
        except StoriesError as unwritten:  # as a full disk: its status expires, and reads as failed then
            self._log.error("failure not recorded", extra=_fields(job), exc_info=unwritten)

    def _busy(self, ahead: int) -> BusyError:
        durations = sorted(self._durations) or [_FIRST_GUESS]
        seconds = max(1, min(_LONGEST_WAIT, round(durations[len(durations) // 2] / self._workers)))
        return BusyError(
            f"{ahead} stories are being made or wait already: ask again in {seconds} s", retry_after=seconds
        )


def _is_served(app: App, edition: str) -> bool:
    """Whether this profile has the locale and the voice."""
    try:
        app.chain(edition)
    except (KeyError, RequestError):
        return False
    return True


def _fields(job: Job) -> dict[str, str]:
    return {"story_id": job[0], "locale": job[1]}


class Recorded:
    """Writes the status of what another runner accepts: a state machine writes its own only once it runs."""

    def __init__(self, runner: Runner, store: Store) -> None:
        self._runner = runner
        self._store = store

    def start(self, story_id: str, edition: str) -> None:
        with self._recorded((story_id, edition)):
            self._runner.start(story_id, edition)

    def finish(self, story_id: str, edition: str, seconds: float) -> None:
        with self._recorded((story_id, edition)):
            self._runner.finish(story_id, edition, seconds)

    @contextmanager
    def _recorded(self, job: Job) -> Iterator[None]:
        """A job that is not accepted becomes failed, so that the next request starts it again."""
        status.queue(self._store, *job)
        try:
            yield
        except StoriesError as error:
            status.fail(self._store, *job, error)
            raise


def unfinished(store: Store, names: Set[str]) -> Iterator[Job]:
    """Jobs that were accepted and are neither complete nor failed. names: of everything below stories/."""
    for name in sorted(names):
        parts = name.split("/")
        if parts[-1] != "status.json" or "/".join([*parts[:3], "manifest.json"]) in names:
            continue
        # An expired status counts: its process died, and reported no failure.
        if status.read(store, parts[1], parts[2], clock=lambda: 0.0).state != status.FAILED:
            yield parts[1], parts[2]


def _unlisted(store: Store, names: Set[str]) -> Iterator[Manifest]:
    """Stories that were accepted and made, but whose process ended before they were listed."""
    listed = set(store.list(keys.cards(shelf.PUBLISHED)))
    for name in sorted(names):
        parts = name.split("/")
        if parts[-1] != "manifest.json" or keys.status(parts[1], parts[2]) not in names:
            continue
        if keys.card(shelf.PUBLISHED, parts[2], parts[1]) not in listed:
            with suppress(StoriesError):  # a damaged manifest is no reason not to start
                yield load_manifest(store.get(name), name)
