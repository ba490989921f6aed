"""A run: one batch execution, and its files under runs/<id>/ of the store.

Only the run's id and a chunk's number travel between tasks. A chunk's record is written by the task that
works on it alone, so there is nothing to lock. Records carry times and money; stories lie elsewhere, under
their own keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from pydantic import TypeAdapter

from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import canonical
from pipeline.storage.ledger import Payment

WRITE, NARRATE = "write", "narrate"
# Editions to make, and editions that were complete when the run was planned.
CHUNKS, DONE = "chunks", "done"
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
class Item:
    """One story of the catalog, and some of its editions: those to make, or those that are complete.

    locales: the editions' names, each a locale where its own voice speaks.
    line: of the file. context, audience: checked and cleaned. audience: "" for the usual.
    """

    line: int
    id: str
    context: str
    variant: int
    audience: str
    tags: tuple[str, ...]
    locales: tuple[str, ...]


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


_ABOUT, _ITEM, _RECORD = TypeAdapter(About), TypeAdapter(Item), TypeAdapter(ChunkRecord)


class Run:
    """Reads and writes what is under runs/<id>/. Raises RequestError: invalid id."""

    def __init__(self, store: Store, run_id: str) -> None:
        if not _ID.fullmatch(run_id):
            raise RequestError(f"not a run's id: {run_id[:40]!r}", problem="bad-id")
        self.store = store
        self.id = run_id

    def about(self) -> About:
        """Raises NotFoundError: there is no such run."""
        try:
            return _ABOUT.validate_json(self.store.get(keys.run(self.id)))
        except NotFoundError as error:
            raise NotFoundError(
                f"there is no run {self.id[:40]}: `stories catalog runs` lists them"
            ) from error

    def begin(self, about: About) -> None:
        """Written last by the plan: a run that has this file has all its chunks."""
        self.store.put(keys.run(self.id), canonical(asdict(about)))

    def keep_items(self, kind: str, number: int, items: Iterable[Item]) -> None:
        self.store.put(keys.run(self.id, f"{kind}/{number:05d}.jsonl"), dump_items(items))

    def items(self, number: int) -> Iterator[Item]:
        """The items of a chunk."""
        return load_items(self.store.get(keys.run(self.id, f"{CHUNKS}/{number:05d}.jsonl")).splitlines())

    def done_items(self) -> Iterator[Item]:
        """What was complete before the run."""
        return self._all(DONE)

    def all_items(self) -> Iterator[Item]:
        """Items of the whole catalog; a story with some locales complete before comes twice."""
        return chain(self._all(CHUNKS), self._all(DONE))

    def record(self, stage: str, number: int) -> ChunkRecord | None:
        """None where the stage has not begun with the chunk."""
        try:
            return _RECORD.validate_json(self.store.get(self._record_key(stage, number)))
        except NotFoundError:
            return None

    def keep(self, record: ChunkRecord) -> None:
        self.store.put(self._record_key(record.stage, record.number), canonical(asdict(record)))

    def records(self) -> Iterator[ChunkRecord]:
        for key in self.store.list(keys.run(self.id, "records/")):
            yield _RECORD.validate_json(self.store.get(key))

    def _all(self, kind: str) -> Iterator[Item]:
        for key in self.store.list(keys.run(self.id, f"{kind}/")):
            if key.endswith(".jsonl"):
                yield from load_items(self.store.get(key).splitlines())

    def _record_key(self, stage: str, number: int) -> str:
        return keys.run(self.id, f"records/{number:05d}.{stage}.json")


def dump_items(items: Iterable[Item]) -> bytes:
    """JSON lines, without a line end after the last."""
    return b"\n".join(canonical(asdict(item)) for item in items)


def load_items(lines: Iterable[bytes]) -> Iterator[Item]:
    return map(_ITEM.validate_json, lines)
