"""Every story × locale of a run, put where it belongs: made, made before, failed, left, or missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.batch.publishing import Pair
from pipeline.batch.runs import ChunkRecord, Failure, Item, Run


@dataclass(frozen=True, slots=True)
class Missing:
    """A story × locale that neither is there nor failed. cause: in words."""

    line: int
    id: str
    locale: str
    cause: str


class Tally:
    """made, skipped (made before), left (the budget was reached): how many stories × locales."""

    def __init__(self, run: Run, records: Iterable[ChunkRecord], complete: frozenset[Pair]) -> None:
        """complete: what lies whole in the store, which alone says what is made."""
        self._run, self._complete = run, complete
        self._records: dict[int, dict[str, ChunkRecord]] = defaultdict(dict)
        for one in records:
            self._records[one.number][one.stage] = one
        self.made = self.skipped = self.left = 0
        self.failed: list[Failure] = []
        self.missing: list[Missing] = []
        for number in range(1, run.about().chunks + 1):
            self._chunk(number)
        self._before()

    def _chunk(self, number: int) -> None:
        stages = self._records[number]
        failures = {(one.id, one.locale): one for stage in stages.values() for one in stage.failures}
        unmade: list[tuple[Item, Pair]] = []
        for item, pair in _pairs(self._run.items(number)):
            if pair in self._complete:
                self.made += 1
            elif pair in failures:
                self.failed.append(failures[pair])
            else:
                unmade.append((item, pair))
        # A stage takes its stories in order: those that the budget left are the last.
        left = min(len(unmade), max((one.left for one in stages.values()), default=0))
        self.left += left
        self._miss(unmade[: len(unmade) - left], "its chunk did not finish")

    def _before(self) -> None:
        there = []
        for item, pair in _pairs(self._run.done_items()):
            if pair in self._complete:
                self.skipped += 1
            else:
                there.append((item, pair))
        self._miss(there, "it was there when the run was planned, and is gone")

    def _miss(self, found: Iterable[tuple[Item, Pair]], cause: str) -> None:
        self.missing += [Missing(item.line, *pair, cause) for item, pair in found]


def _pairs(items: Iterable[Item]) -> Iterator[tuple[Item, Pair]]:
    return ((item, (item.id, locale)) for item in items for locale in item.locales)
