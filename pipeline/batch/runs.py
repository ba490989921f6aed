"""A run: one batch execution, and its files under runs/<id>/ of the store.

Only the run's id and a chunk's number travel between tasks. A chunk's record is written by the task that
works on it alone, so there is nothing to lock. Records carry times and money; stories lie elsewhere, under
their own keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any

from pydantic import TypeAdapter

from pipeline.batch.items import Item, dump_items, load_items
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys, shelf
from pipeline.storage.integrity import (
    damaged,
    log_damage,
    opened,
    sealed,
    sealed_lines,
    set_aside,
    unsealed_lines,
    write,
)
from pipeline.storage.ledger import Payment

WRITE, NARRATE = "write", "narrate"
# Editions to make, and editions that were complete when the run was planned.
CHUNKS, DONE = "chunks", "done"
REPORT = "report.json"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


@dataclass(frozen=True, slots=True)
class About:
    """The plan in figures. catalog: its settings. todo, done: editions. began: seconds since 1970."""

    catalog: dict[str, Any]
    profile: str
    chunks: int
    stories: int
    todo: int
    done: int
    began: float


@dataclass(frozen=True, slots=True)
class Failure:
    """An edition that could not be made. attempts: how often tried. retryable: it may succeed later."""

    line: int
    id: str
    locale: str
    step: str
    problem: str
    cause: str
    attempts: int = 1
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class ChunkRecord:
    """The result of a stage for a chunk, over all its attempts.

    began: seconds since 1970. seconds: of work. made: editions this stage finished. left: editions not begun,
    as the budget was reached. paid: usage of its fresh calls.
    """

    stage: str
    number: int
    began: float
    seconds: float = 0.0
    attempts: int = 0
    made: int = 0  # a stored name
    left: int = 0
    failures: tuple[Failure, ...] = ()
    paid: tuple[Payment, ...] = ()


_ABOUT, _RECORD = TypeAdapter(About), TypeAdapter(ChunkRecord)


def is_id(text: str) -> bool:
    """Whether it may be a run's."""
    return _ID.fullmatch(text) is not None


class Run:
    """Reads and writes what is under runs/<id>/. Raises RequestError: invalid id."""

    def __init__(self, store: Store, run_id: str) -> None:
        if not is_id(run_id):
            raise RequestError(f"not a run's id: {run_id[:40]!r}", problem="bad-id")
        self.store = store
        self.id = run_id

    def about(self) -> About:
        """Raises NotFoundError: there is no such run; DamagedError."""
        key = keys.run(self.id)
        try:
            with opened(self.store.get(key), key) as body:
                return _ABOUT.validate_python(body)
        except NotFoundError as error:
            raise NotFoundError(
                f"there is no run {self.id[:40]}: `stories catalog runs` lists them"
            ) from error

    def begin(self, about: About) -> None:
        """Written last by the plan: a run that has this file has all its chunks."""
        self.store.put(keys.run(self.id), sealed(asdict(about)))

    def keep_items(self, kind: str, number: int, items: Iterable[Item]) -> None:
        self.store.put(keys.run(self.id, f"{kind}/{number:05d}.jsonl"), sealed_lines(dump_items(items)))

    def items(self, number: int) -> Iterator[Item]:
        """The items of a chunk. Raises DamagedError."""
        return self._items(keys.run(self.id, f"{CHUNKS}/{number:05d}.jsonl"))

    def done_items(self) -> Iterator[Item]:
        """What was complete before the run."""
        return self._all(DONE)

    def all_items(self) -> Iterator[Item]:
        """Items of the whole catalog, an edited story in place of the one that was planned; a story with some
        locales complete before comes twice."""
        edited = shelf.replacements(self.store)
        for item in chain(self._all(CHUNKS), self._all(DONE)):
            yield replace(item, id=edited.get(item.id, item.id))

    def record(self, stage: str, number: int) -> ChunkRecord | None:
        """None where the stage has not begun with the chunk, or its record is damaged: it is set aside then,
        and the stage begins again with what is not made."""
        key = self._record_key(stage, number)
        try:
            return self._record(key)
        except DamagedError as error:
            log_damage(error)
            set_aside(self.store, key)
        except NotFoundError:
            pass
        return None

    def keep(self, record: ChunkRecord) -> None:
        self.store.put(self._record_key(record.stage, record.number), sealed(asdict(record)))

    def keep_report(self, figures: dict[str, Any], page: str) -> None:
        """In place of an earlier one."""
        write(self.store, keys.run(self.id, REPORT), sealed(figures))
        self.store.put(keys.run(self.id, "report.html"), page.encode())

    def report(self) -> dict[str, Any]:
        """The figures of the report. Raises NotFoundError: there is none yet; DamagedError."""
        key = keys.run(self.id, REPORT)
        with opened(self.store.get(key), key) as body:
            return body

    def records(self) -> Iterator[ChunkRecord]:
        """Those that can be read; the log names the others."""
        for key in self.store.list(keys.run(self.id, "records/")):
            try:
                yield self._record(key)
            except DamagedError as error:
                log_damage(error)

    def _record(self, key: str) -> ChunkRecord:
        with opened(self.store.get(key), key) as body:
            return _RECORD.validate_python(body)

    def _all(self, kind: str) -> Iterator[Item]:
        for key in self.store.list(keys.run(self.id, f"{kind}/")):
            if key.endswith(".jsonl"):
                yield from self._items(key)

    def _items(self, key: str) -> Iterator[Item]:
        try:
            return iter([*load_items(unsealed_lines(self.store.get(key)).splitlines())])
        except ValueError as error:
            raise damaged(key) from error

    def _record_key(self, stage: str, number: int) -> str:
        return keys.run(self.id, f"records/{number:05d}.{stage}.json")
