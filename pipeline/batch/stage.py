"""One stage of one chunk: the threads that work on it and its record, over any number of attempts."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace

from pipeline.app import App
from pipeline.batch.budget import Budget
from pipeline.batch.items import Item
from pipeline.batch.metering import Metered
from pipeline.batch.runs import ChunkRecord, Failure, Run
from pipeline.errors import ConfigError, StoreError, StoriesError, UnavailableError
from pipeline.ports import Progress

# A task that is killed loses the account of what it paid for since the record was last kept.
_KEEP_SECONDS = 2.0
# Any other trouble of a store fails every story; these concern one story.
_OF_ONE_STORY = {"damaged-record", "not-found"}
_LOG = logging.getLogger(__name__)
Edition = tuple[str, str]  # a story's id and the edition's name


class Stage:
    """Works on a chunk's items in threads and keeps the record. Raises ConfigError: another profile."""

    def __init__(self, app: App, run: Run, name: str, number: int) -> None:
        about = run.about()
        if about.profile != app.profile:
            raise ConfigError(
                f"run {run.id} was planned for the profile {about.profile}, and this is {app.profile}",
                problem="bad-setting",
            )
        if not isinstance(app.store, Metered):
            raise ConfigError("a batch needs a store that counts costs: use build_batch", problem="config")
        self.app, self.run, self.name, self.number = app, run, name, number
        before = run.record(name, number) or ChunkRecord(name, number, time.time())
        self._attempts = {(failure.id, failure.locale): failure.attempts for failure in before.failures}
        self._final = tuple(failure for failure in before.failures if not failure.retryable)
        self._before = before
        self._record = replace(before, attempts=before.attempts + 1, made=0, left=0, failures=self._final)
        app.store.start()
        self._budget = Budget(run, before, about.catalog.get("budget"), app.store)
        self._lock = threading.Lock()
        self._began = self._kept_at = time.monotonic()

    def items(self, failures: Iterable[Failure] = ()) -> list[Item]:
        """The chunk's items, without editions that failed for good, here or as `failures` say."""
        given_up = {(failure.id, failure.locale) for failure in (*self._final, *failures)}
        items = (replace(item, locales=_without(item, given_up)) for item in self.run.items(self.number))
        return [item for item in items if item.locales]

    def work(
        self, do: Callable[[Item], None], items: Sequence[Item], threads: int, last: bool, progress: Progress
    ) -> ChunkRecord:
        """All items, in order, `threads` at once; those after the budget's end are left. Keeps the record.

        last: no retry follows. Raises UnavailableError ("unfinished") where one follows and may succeed.
        """
        with progress.step(self.name, sum(len(item.locales) for item in items), "edition") as advance:

            def work_on(item: Item) -> None:
                if self._budget.is_spent():
                    self._add(left=len(item.locales))
                else:
                    do(item)
                advance(len(item.locales))
                self._keep(_KEEP_SECONDS)

            try:
                _each(work_on, items, threads)
            finally:
                self._keep()
        retryable = [failure for failure in self._record.failures if failure.retryable]
        if retryable and not last:
            causes = "; ".join(sorted({failure.cause for failure in retryable})[:2])
            raise UnavailableError(
                f"{len(retryable)} of chunk {self.number} are not made yet ({causes}): run it again",
                problem="unfinished",
            )
        return self._record

    def finish_edition(self) -> None:
        """Counts one edition."""
        self._add(finished=1)

    def failed(self, item: Item, locales: Iterable[str], step: str, error: Exception) -> None:
        """Keeps the error as a failure of these editions. Raises an error that concerns every story."""
        if isinstance(error, ConfigError) or (
            isinstance(error, StoreError) and error.problem not in _OF_ONE_STORY
        ):
            raise error
        if not isinstance(error, StoriesError):  # a bug of ours: logged, and no other story's trouble
            _LOG.error("story %s not made", item.id, exc_info=error)
            error = StoriesError(f"{type(error).__name__}: {error}")
        problem, cause, retryable = error.problem, str(error), error.retryable
        self._add(
            failures=tuple(
                Failure(
                    item.line,
                    item.id,
                    locale,
                    step,
                    problem,
                    cause,
                    self._attempts.get((item.id, locale), 0) + 1,
                    retryable,
                )
                for locale in locales
            )
        )

    def _add(self, finished: int = 0, left: int = 0, failures: tuple[Failure, ...] = ()) -> None:
        with self._lock:
            record = self._record
            self._record = replace(
                record,
                made=record.made + finished,
                left=record.left + left,
                failures=record.failures + failures,
            )

    def _keep(self, after: float = 0.0) -> None:
        """Writes the record, unless it was written less than `after` seconds ago."""
        with self._lock:
            now = time.monotonic()
            if now - self._kept_at < after:
                return
            self._kept_at = now
            seconds = round(self._before.seconds + now - self._began, 3)
            self._record = replace(self._record, seconds=seconds, paid=self._budget.paid())
            self.run.keep(self._record)


def _without(item: Item, given_up: Collection[Edition]) -> tuple[str, ...]:
    return tuple(locale for locale in item.locales if (item.id, locale) not in given_up)


def _each(do: Callable[[Item], None], items: Sequence[Item], threads: int) -> None:
    """Calls `do` for each item; after an exception no further item is begun."""
    if threads == 1:  # no thread, so that Ctrl-C ends it at once
        for item in items:
            do(item)
        return
    with ThreadPoolExecutor(threads) as pool:
        pending = [pool.submit(do, item) for item in items]
        try:
            done = wait(pending, return_when=FIRST_EXCEPTION).done
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        if any(future.exception() for future in done):
            pool.shutdown(cancel_futures=True)
        for future in done:
            future.result()
