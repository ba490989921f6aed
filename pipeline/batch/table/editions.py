"""The editions of a run that are complete, one after the other, with what the run's records say of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pipeline.batch.items import Item
from pipeline.batch.publishing import readable, streamed
from pipeline.batch.runs import NARRATE, WRITE, Run
from pipeline.storage import keys
from pipeline.types import Manifest


@dataclass(frozen=True, slots=True)
class Chunk:
    """attempts: of the stage that was tried most. write, narrate: seconds of work, of all of its stories.

    ended: when the last of them was narrated.
    """

    number: int
    attempts: int = 0
    write: float = 0.0
    narrate: float = 0.0
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """chunk: that made it; None where it was complete before the run."""

    run: str
    item: Item
    chunk: Chunk | None
    manifest: Manifest


def editions(run: Run) -> Iterator[Edition]:
    """In the catalog's order, what was complete before at the end; without what cannot be read, and without
    private stories. A few are held at a time. Raises NotFoundError: no such run; DamagedError: a chunk.
    """
    chunks = _chunks(run)

    def read(wanted: tuple[Item, str, Chunk | None]) -> Edition | None:
        item, name, chunk = wanted
        manifest = readable(run.store, (item.id, name))
        return Edition(run.id, item, chunk, manifest) if manifest else None

    return (edition for edition in streamed(read, _wanted(run, chunks)) if edition)


def _wanted(run: Run, chunks: dict[int, Chunk]) -> Iterator[tuple[Item, str, Chunk | None]]:
    for number in range(1, run.about().chunks + 1):
        for item in run.items(number):
            yield from ((item, name, chunks.get(number, Chunk(number))) for name in _public(item))
    for item in run.done_items():
        yield from ((item, name, None) for name in _public(item))


def _public(item: Item) -> tuple[str, ...]:
    return () if keys.folder_of(item.id) else item.locales


def _chunks(run: Run) -> dict[int, Chunk]:
    chunks: dict[int, Chunk] = {}
    for record in run.records():
        chunk = chunks.get(record.number, Chunk(record.number))
        chunk = replace(chunk, attempts=max(chunk.attempts, record.attempts))
        if record.stage == WRITE:
            chunk = replace(chunk, write=record.seconds)
        elif record.stage == NARRATE:
            ended = datetime.fromtimestamp(record.began + record.seconds, UTC)
            chunk = replace(chunk, narrate=record.seconds, ended=ended)
        chunks[record.number] = chunk
    return chunks
