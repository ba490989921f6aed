"""Publishing a run: every complete edition of its catalog, all at once, without those that are withheld.

An edition that a person withheld stays withheld in later runs of the same catalog; `stories publish ID`
lists it after all.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from pipeline.app import App
from pipeline.batch.complete import complete_locales
from pipeline.batch.items import Item
from pipeline.batch.runs import Run
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys, shelf
from pipeline.storage.records import load_manifest
from pipeline.storage.shelf import PUBLISHED, Publication
from pipeline.types import Manifest

# Reading a manifest from a bucket is nearly all waiting.
_READERS = 8
# Calls begun ahead of the result that is consumed: a catalog's manifests do not fit in memory.
_AHEAD = 64
_ID = re.compile(r"(?P<start>[0-9a-f]{4,32})(/(?P<locale>[A-Za-z0-9-]{2,35}))?")
# An edition: a story's id and the edition's name, as in editions.py.
Pair = tuple[str, str]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class Published:
    """Editions. cards: listed now. withheld: complete, and not listed. incomplete: missing or unreadable."""

    cards: int
    withheld: int
    incomplete: int


def publish(app: App, run: Run, withheld: Collection[str] = ()) -> Published:
    """Lists every complete edition of the run's catalog, and nothing else; readers see none of it, then all.

    withheld: ids of stories (or their first digits), or "id/locale"; later runs withhold them too. Raises
    RequestError: an id that is not of this run, so that a typo publishes nothing; a run that was withdrawn.
    NotFoundError: no such run.
    """
    run.about()
    _refuse_withdrawn(run)
    for story_id, locale in _named(run, withheld):
        shelf.withhold(app.store, story_id, locale)
    refused = shelf.withheld(app.store)
    publication = Publication(app.store, run.id)
    wanted = {pair: item.tags for item, pair in pairs(run)}
    complete = complete_of(app.store, wanted)
    kept = [pair for pair in complete if pair not in refused]

    def add(pair: Pair) -> bool:
        if (manifest := readable(app.store, pair)) is None:
            return False
        publication.add(manifest, wanted[pair])
        return True

    cards = sum(streamed(add, kept))
    publication.issue()
    for old_id, new_id in shelf.replacements(app.store).items():
        for story_id, edition in kept:
            if story_id == new_id:  # what an earlier publication of the catalog lists
                shelf.unlist(app.store, old_id, edition)
    held = len(complete) - len(kept)
    return Published(cards, held, len(wanted) - held - cards)


def withdraw(store: Store, run_id: str) -> None:
    """Lists nothing of the run any more. Raises NotFoundError: it was never published."""
    run = Run(store, run_id)
    try:
        Publication(store, run.id).withdraw()
    except NotFoundError as error:
        raise NotFoundError(f"nothing was published with run {run.id[:40]}") from error


def pairs(run: Run) -> Iterator[tuple[Item, Pair]]:
    """Every edition of the run's catalog, with its item."""
    return ((item, (item.id, locale)) for item in run.all_items() for locale in item.locales)


def complete_of(store: Store, wanted: Iterable[Pair]) -> tuple[Pair, ...]:
    """Those whose manifest and mp3 are in the store, in order."""
    editions = tuple(wanted)
    complete = complete_locales(store, {bytes.fromhex(story_id) for story_id, _ in editions})
    return tuple(pair for pair in editions if pair[1] in complete.get(bytes.fromhex(pair[0]), ()))


def readable(store: Store, pair: Pair) -> Manifest | None:
    """The manifest; None where it is missing, or was damaged after it was written."""
    key = keys.manifest(*pair)
    try:
        return load_manifest(store.get(key), key)
    except (NotFoundError, DamagedError):
        return None


def streamed(do: Callable[[_In], _Out], values: Iterable[_In]) -> Iterator[_Out]:
    """map() with threads: results in order, and never many calls ahead of the consumer."""
    source = iter(values)
    with ThreadPoolExecutor(_READERS) as pool:
        waiting = deque(pool.submit(do, value) for value in islice(source, _AHEAD))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(do, value) for value in islice(source, 1))
                yield result
        finally:
            pool.shutdown(cancel_futures=True)


def _refuse_withdrawn(run: Run) -> None:
    with suppress(NotFoundError):
        run.store.get(keys.withdrawn(PUBLISHED, run.id))
        raise RequestError(
            f"run {run.id} was withdrawn: run its catalog again, which makes what is missing, and publish "
            "that run",
            problem="bad-request",
        )


def _named(run: Run, names: Collection[str]) -> set[Pair]:
    """The editions that `names` stand for."""
    if not names:
        return set()
    editions = {pair for _, pair in pairs(run)}
    originals = {new: old for old, new in shelf.replacements(run.store).items()}
    named: set[Pair] = set()
    for name in names:
        parts = _ID.fullmatch(name)
        matches = {
            pair
            for pair in editions
            if parts
            and any(name.startswith(parts["start"]) for name in (pair[0], originals.get(pair[0], "")))
            and parts["locale"] in (None, pair[1])
        }
        if len({story_id for story_id, _ in matches}) != 1:
            fault = "matches more than one story" if matches else "is not a story"
            raise RequestError(
                f"{name[:60]!r} {fault} of run {run.id}: nothing was published", problem="bad-id"
            )
        named |= matches
    return named
