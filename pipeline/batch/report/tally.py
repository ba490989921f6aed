"""Sorts every edition of a run: made, made before, failed, left, or missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.batch.items import Item
from pipeline.batch.publishing import Pair
from pipeline.batch.runs import ChunkRecord, Failure, Run
from pipeline.storage import shelf


@dataclass(frozen=True, slots=True)
class Missing:
    """An edition that is neither complete nor failed. cause: for a person."""

    line: int
    id: str
    locale: str
    cause: str


class Tally:
    """finished, skipped (made before), left (the budget was reached): numbers of editions."""

    def __init__(self, run: Run, records: Iterable[ChunkRecord], complete: frozenset[Pair]) -> None:
        """complete: the editions that are whole in the store, which decides what counts as made."""
        self._run, self._complete = run, complete
        self._edited = shelf.replacements(run.store)
        self._records: dict[int, dict[str, ChunkRecord]] = defaultdict(dict)
        for record in records:
            self._records[record.number][record.stage] = record
        self.finished = self.skipped = self.left = 0
        self.failed: list[Failure] = []
        self.missing: list[Missing] = []
        for number in range(1, run.about().chunks + 1):
            self._chunk(number)
        self._before()

    def _chunk(self, number: int) -> None:
        stages = self._records[number]
        failures = {
            (failure.id, failure.locale): failure for stage in stages.values() for failure in stage.failures
        }
        unmade: list[tuple[Item, Pair]] = []
        for item, pair in _pairs(self._run.items(number)):
            if self._is_complete(pair):
                self.finished += 1
            elif pair in failures:
                self.failed.append(failures[pair])
            else:
                unmade.append((item, pair))
        # A stage takes its items in order: those that the budget left are the last.
        left = min(len(unmade), max((record.left for record in stages.values()), default=0))
        self.left += left
        self._miss(unmade[: len(unmade) - left], "its chunk did not finish")

    def _before(self) -> None:
        gone = []
        for item, pair in _pairs(self._run.done_items()):
            if self._is_complete(pair):
                self.skipped += 1
            else:
                gone.append((item, pair))
        self._miss(gone, "it was complete when the run was planned, and is gone")

    def _is_complete(self, pair: Pair) -> bool:
        """Also in the words that a reviewer gave it."""
        return (self._edited.get(pair[0], pair[0]), pair[1]) in self._complete

    def _miss(self, editions: Iterable[tuple[Item, Pair]], cause: str) -> None:
        self.missing += [Missing(item.line, *pair, cause) for item, pair in editions]


def _pairs(items: Iterable[Item]) -> Iterator[tuple[Item, Pair]]:
    return ((item, (item.id, locale)) for item in items for locale in item.locales)
