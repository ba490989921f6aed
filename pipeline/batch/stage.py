"""One stage of one chunk: who is still to be made, and the record of it, over however many attempts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from pipeline.app import App
from pipeline.batch.budget import Budget
from pipeline.batch.metering import Metered
from pipeline.batch.runs import ChunkRecord, Failure, Item, Run
from pipeline.errors import ConfigError, StoreError, StoriesError, UnavailableError
from pipeline.ports import Progress

# A task that is killed loses the account of what it paid for since.
_KEEP_SECONDS = 2.0
# A store's own trouble fails every story; these are the trouble of one.
_OF_ONE_STORY = {"damaged-record", "not-found"}
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What a thread does at a time: a story to write in all its locales, or to narrate in one."""

    item: Item
    locales: tuple[str, ...]


class Stage:
    """Keeps a stage's record of a chunk, while threads work at it. Raises ConfigError: another profile."""

    def __init__(self, app: App, run: Run, name: str, number: int) -> None:
        about = run.about()
        if about.profile != app.profile:
            raise ConfigError(
                f"run {run.id} was planned for the profile {about.profile}, and this is {app.profile}",
                problem="bad-setting",
            )
        if not isinstance(app.store, Metered):
            raise ConfigError(
                "a batch counts what it pays for: make its app by build_batch", problem="config"
            )
        self.app, self.run, self.name, self.number = app, run, name, number
        before = run.record(name, number) or ChunkRecord(name, number, time.time())
        self._tried = {(one.id, one.locale): one.attempts for one in before.failures}
        self.given_up = tuple(one for one in before.failures if not one.retryable)
        self._before = before
        self._record = replace(before, attempts=before.attempts + 1, made=0, left=0, failures=self.given_up)
        app.store.start()
        self._budget = Budget(run, before, about.catalog.get("budget"), app.store)
        self._lock = threading.Lock()
        self._began = self._kept_at = time.monotonic()

    def work(
        self, do: Callable[[Job], None], jobs: Sequence[Job], threads: int, progress: Progress
    ) -> ChunkRecord:
        """All jobs, in order, `threads` at once; those after the budget's end are left. Keeps the record."""
        with progress.step(self.name, sum(len(job.locales) for job in jobs), "tale") as advance:

            def one(job: Job) -> None:
                if self._budget.is_spent():
                    self._add(left=len(job.locales))
                else:
                    do(job)
                advance(len(job.locales))
                self._keep(_KEEP_SECONDS)

            try:
                _each(one, jobs, threads)
            finally:
                self._keep()
        return self._record

    def made(self) -> None:
        self._add(made=1)

    def failed(self, job: Job, step: str, error: Exception) -> None:
        """Raises what is not this story's own trouble."""
        if isinstance(error, ConfigError) or (
            isinstance(error, StoreError) and error.problem not in _OF_ONE_STORY
        ):
            raise error
        if not isinstance(error, StoriesError):  # a bug of ours: told, traced, and no other story's trouble
            _LOG.error("story %s not made", job.item.id, exc_info=error)
            error = StoriesError(f"{type(error).__name__}: {error}")
        item = job.item
        self._add(
            failures=tuple(
                Failure(
                    item.line,
                    item.id,
                    locale,
                    step,
                    error.problem,
                    str(error),
                    self._tried.get((item.id, locale), 0) + 1,
                    error.retryable,
                )
                for locale in job.locales
            )
        )

    def unfinished(self) -> UnavailableError | None:
        """What a scheduler is to be told, where a retry may mend something."""
        open_ = [one for one in self._record.failures if one.retryable]
        if not open_:
            return None
        causes = "; ".join(sorted({one.cause for one in open_})[:2])
        return UnavailableError(
            f"{len(open_)} of chunk {self.number} are not made yet ({causes}): run it again",
            problem="unfinished",
        )

    def _add(self, made: int = 0, left: int = 0, failures: tuple[Failure, ...] = ()) -> None:
        with self._lock:
            now = self._record
            self._record = replace(
                now, made=now.made + made, left=now.left + left, failures=now.failures + failures
            )

    def _keep(self, after: float = 0.0) -> None:
        """Where the last time is so many seconds ago."""
        with self._lock:
            now = time.monotonic()
            if now - self._kept_at < after:
                return
            self._kept_at = now
            seconds = round(self._before.seconds + now - self._began, 3)
            self._record = replace(self._record, seconds=seconds, paid=self._budget.paid())
            self.run.keep(self._record)


def _each(do: Callable[[Job], None], jobs: Sequence[Job], threads: int) -> None:
    """Where one raises, what has not begun is not begun."""
    if threads == 1:  # no thread, so that Ctrl-C ends it at once
        for job in jobs:
            do(job)
        return
    with ThreadPoolExecutor(threads) as pool:
        pending = [pool.submit(do, job) for job in jobs]
        try:
            done = wait(pending, return_when=FIRST_EXCEPTION).done
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        if any(one.exception() for one in done):
            pool.shutdown(cancel_futures=True)
        for one in done:
            one.result()
