"""A run: one batch execution, and what is known of it, under runs/<id>/ of the store.

Only the run's id and a chunk's number travel between tasks. A chunk's record is written by its maker
alone, so there is nothing to lock. Records carry times and money; what is made lies elsewhere, under its
own names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import canonical
from pipeline.storage.ledger import Payment
from pipeline.types import Usage

WRITE, NARRATE = "write", "narrate"
# What is to be made, and what was there before.
CHUNKS, DONE = "chunks", "done"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


@dataclass(frozen=True, slots=True)
class About:
    """What was planned. catalog: its settings. todo, done: stories × locales. began: seconds since 1970."""

    catalog: dict[str, Any]
    profile: str
    chunks: int
    stories: int
    todo: int
    done: int
    began: float


@dataclass(frozen=True, slots=True)
class Item:
    """One story of the catalog. line: of the file. locales: those to be made, or those that were there."""

    line: int
    id: str
    context: str
    variant: int
    audience: str
    tags: tuple[str, ...]
    locales: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """One story × locale that was not made. attempts: how often tried. retryable: it may succeed later."""

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
    """What a stage did with a chunk, over all its attempts.

    began: seconds since 1970. seconds: of work. made: stories × locales this stage finished. left: those not
    begun, as the budget was reached. paid: what its fresh calls consumed.
    """

    stage: str
    number: int
    began: float
    seconds: float = 0.0
    attempts: int = 0
    made: int = 0
    left: int = 0
    failures: tuple[Failure, ...] = ()
    paid: tuple[Payment, ...] = ()


class Run:
    """Reads and writes what is under runs/<id>/. Raises RequestError: not a run's id."""

    def __init__(self, store: Store, run_id: str) -> None:
        if not _ID.fullmatch(run_id):
            raise RequestError(f"not a run's id: {run_id[:40]!r}", problem="bad-id")
        self.store = store
        self.id = run_id

    def about(self) -> About:
        """Raises NotFoundError: there is no such run."""
        try:
            return About(**json.loads(self.store.get(keys.run(self.id))))
        except NotFoundError as error:
            raise NotFoundError(f"there is no run {self.id[:40]}: was its plan made?") from error

    def begin(self, about: About) -> None:
        """Last of the plan: a run that has this has its chunks."""
        self.store.put(keys.run(self.id), canonical(asdict(about)))

    def keep_items(self, kind: str, number: int, items: Iterable[Item]) -> None:
        lines = b"\n".join(canonical(asdict(item)) for item in items)
        self.store.put(keys.run(self.id, f"{kind}/{number:05d}.jsonl"), lines)

    def items(self, number: int) -> Iterator[Item]:
        """Of a chunk."""
        return _items(self.store.get(keys.run(self.id, f"{CHUNKS}/{number:05d}.jsonl")))

    def done_items(self) -> Iterator[Item]:
        """What was made before the run."""
        return self._all(DONE)

    def all_items(self) -> Iterator[Item]:
        """Of the whole catalog; a story with some locales made before comes twice."""
        return chain(self._all(CHUNKS), self._all(DONE))

    def record(self, stage: str, number: int) -> ChunkRecord | None:
        """None where the stage has not begun with the chunk."""
        try:
            return _record(self.store.get(self._record_key(stage, number)))
        except NotFoundError:
            return None

    def keep(self, record: ChunkRecord) -> None:
        self.store.put(self._record_key(record.stage, record.number), canonical(asdict(record)))

    def records(self) -> Iterator[ChunkRecord]:
        for key in self.store.list(keys.run(self.id, "records/")):
            yield _record(self.store.get(key))

    def _all(self, kind: str) -> Iterator[Item]:
        for key in self.store.list(keys.run(self.id, f"{kind}/")):
            if key.endswith(".jsonl"):
                yield from _items(self.store.get(key))

    def _record_key(self, stage: str, number: int) -> str:
        return keys.run(self.id, f"records/{number:05d}.{stage}.json")


def _items(data: bytes) -> Iterator[Item]:
    for line in data.splitlines():
        told = json.loads(line)
        yield Item(**{**told, "tags": tuple(told["tags"]), "locales": tuple(told["locales"])})


def _record(data: bytes) -> ChunkRecord:
    told = json.loads(data)
    return ChunkRecord(
        **{
            **told,
            "failures": tuple(Failure(**one) for one in told["failures"]),
            "paid": tuple(Payment(**{**one, "usage": Usage(**one["usage"])}) for one in told["paid"]),
        }
    )
