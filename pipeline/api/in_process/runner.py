"""The runner of a server with threads of its own: accepted stories wait in a queue, and are on record."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from pipeline.api.in_process.learned import Learned
from pipeline.api.in_process.makers import Makers
from pipeline.api.in_process.takeover import TakeOver
from pipeline.api.in_process.watched import Watch
from pipeline.api.runner import Job, Outlook
from pipeline.app import App
from pipeline.errors import BusyError, NotFoundError, StoriesError
from pipeline.steps import status
from pipeline.steps.run import run
from pipeline.steps.status_progress import StatusProgress
from pipeline.storage import cards, keys, shelf
from pipeline.storage.private import store_of
from pipeline.types import Manifest

# Seconds that a story is assumed to take until the first was made: about what the demo's took.
_FIRST_GUESS = 60.0
_LONGEST_WAIT = 120


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
        self._stopping = threading.Event()
        self._makers = Makers(app.locks)
        # In a bucket others make stories too, on machines of their own.
        self._watch = Watch(app, Learned(app.store if app.locks.machine else None))
        self._durations: deque[float] = deque(maxlen=8)
        self._log = logging.getLogger(__name__)

    def start(self, story_id: str, edition: str) -> None:
        self._submit((story_id, edition))

    def finish(self, story_id: str, edition: str, seconds: float) -> None:
        over = self._submit((story_id, edition))
        over.wait(0 if self._stopping.is_set() else seconds)

    @property
    def maker(self) -> str:
        return self._makers.name

    def outlook(self, story_id: str, edition: str) -> Outlook | None:
        job = story_id, edition
        with self._lock:
            if job not in self._jobs:
                return None
            ahead = list(self._jobs).index(job)
        return self._watch.outlook(job, ahead, self._workers)

    def resume(self) -> int:
        """Starts what was accepted and is in no living server's hands; the number of jobs.

        From then on it does so whenever another server on this store ends.
        """
        takeover = TakeOver(
            self._app, self._makers, lambda job: self._submit(job, bounded=False), self._publish
        )
        count = takeover.look()
        threading.Thread(target=takeover.watch, args=(self._stopping,), daemon=True).start()
        return count

    def stop(self, seconds: float) -> None:
        """Starts no more jobs, waits `seconds` at most for those at work, then releases finish().

        The rest stays in the store: another server takes it up, or resume() starts it again.
        """
        deadline = time.monotonic() + seconds
        self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for over in list(self._jobs.values()):
            over.set()

    def leave(self) -> None:
        """At the very end of the process: other servers may take up at once what it leaves."""
        self._makers.leave()

    def _submit(self, job: Job, bounded: bool = True) -> threading.Event:
        """It is on record when this returns. The event is set when the job is over."""
        with self._lock:
            if job in self._jobs:
                return self._jobs[job]
            ahead = len(self._jobs)
            if bounded and ahead >= self._most:
                raise self._busy(ahead)
            self._record(job, status.LIFE * (1 + ahead // self._workers))
            over = self._jobs[job] = threading.Event()
            self._start_threads()
        self._queue.put(job)
        return over

    def _record(self, job: Job, life: float) -> None:
        """In this order: a store that keeps the marker over a power cut keeps no older failure beside it."""
        self._makers.join()
        store = store_of(self._app.store, job[0])
        status.queue(store, *job, life, self._makers.name)
        status.accept(store, *job)
        self._app.changes.changed(*job, status.QUEUED)

    def _start_threads(self) -> None:
        """Daemons, at the first job: a server that stops does not wait for a slow model."""
        for _ in range(self._workers - len(self._threads)):
            thread = threading.Thread(target=self._work, daemon=True)
            thread.start()  # before stop() may join it
            self._threads.append(thread)

    def _work(self) -> None:
        while (job := self._queue.get()) and not self._stopping.is_set():
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
        is_private = bool(keys.folder_of(job[0]))
        try:
            app = self._app.of(job[0])
            statuses = StatusProgress(app.store, *job, maker=self._makers.name, changes=self._app.changes)
            with self._watch.story(job, statuses) as progress:
                manifest = run(app, *job, progress)
                if manifest.revises:
                    self._watch.pass_over(job)
            if self._publish and not is_private:
                self._list(manifest)
            self._app.changes.changed(*job, status.DONE)
        except StoriesError as error:
            self._log.warning("story not made", extra={**_fields(job), "problem": error.problem})
            return error
        except Exception as error:  # noqa: BLE001 - a bug: the caller that waits still gets a response
            self._log.error("story not made", extra=_fields(job), exc_info=None if is_private else error)
            return StoriesError(type(error).__name__)
        return None

    def _list(self, manifest: Manifest) -> None:
        """On the shelf, unless it was deleted since it was complete."""
        card = shelf.publish(self._app.store, manifest)
        if self._is_gone(card.id):
            self._app.store.delete([cards.key_of(card, shelf.PUBLISHED)])

    def _fail(self, job: Job, error: StoriesError) -> None:
        try:
            store = store_of(self._app.store, job[0])
            if isinstance(error, NotFoundError) and self._is_gone(job[0]):
                status.forget(store, *job)
            else:
                status.fail(store, *job, error)
        except StoriesError as unwritten:  # as a full disk: its status expires, and reads as failed then
            self._log.error("failure not recorded: %s", unwritten, extra=_fields(job))
        self._app.changes.changed(*job, status.FAILED)

    def _is_gone(self, story_id: str) -> bool:
        """Deleted since it was accepted."""
        request, store = keys.request(story_id), store_of(self._app.store, story_id)
        return next(store.list(request), None) != request

    def _busy(self, ahead: int) -> BusyError:
        durations = sorted(self._durations) or [_FIRST_GUESS]
        seconds = max(1, min(_LONGEST_WAIT, round(durations[len(durations) // 2] / self._workers)))
        return BusyError(
            f"{ahead} stories are being made or wait already: ask again in {seconds} s", retry_after=seconds
        )


def _fields(job: Job) -> dict[str, str]:
    return {"story_id": job[0], "locale": job[1]}
