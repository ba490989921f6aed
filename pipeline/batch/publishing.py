"""What of a run is listed: everything complete that its catalog names, all at once, but for what is withheld.

A story × locale that a person said no to stays withheld also when a later run of the same catalog finds it
made; `stories publish ID` lists it after all.
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
from pipeline.batch.runs import Item, Run
from pipeline.batch.survey import made
from pipeline.errors import NotFoundError, RequestError, StoreError
from pipeline.ports import Store
from pipeline.storage import keys, shelf
from pipeline.storage.records import load_manifest
from pipeline.storage.shelf import PUBLISHED, Publication
from pipeline.types import Manifest

# Reading a manifest from a bucket is nearly all waiting.
_READERS = 8
# So many are asked for ahead of the one that is looked at: a catalog's manifests do not fit in memory.
_AHEAD = 64
_ID = re.compile(r"(?P<start>[0-9a-f]{4,32})(/(?P<locale>[A-Za-z0-9-]{2,35}))?")
# A story × locale, by its id and its tag.
Pair = tuple[str, str]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class Published:
    """cards: stories × locales that are listed now. withheld: complete, and not listed. incomplete: neither
    made nor readable."""

    cards: int
    withheld: int
    incomplete: int


def publish(app: App, run: Run, withheld: Collection[str] = ()) -> Published:
    """Lists everything complete of the run's catalog, and nothing else; readers see none of it, then all.

    withheld: ids of stories (or how they begin), or "id/locale"; remembered for later runs. Raises
    RequestError: one that is not of this run, so that a slip of the pen publishes nothing; a run that was
    withdrawn. NotFoundError: no such run.
    """
    run.about()
    _refuse_withdrawn(run)
    for story_id, locale in _named(run, withheld):
        shelf.withhold(app.store, story_id, locale)
    refused = shelf.withheld(app.store)
    edition = Publication(app.store, run.id)
    wanted = {pair: item.tags for item, pair in pairs(run)}
    complete = complete_of(app.store, wanted)
    kept = [pair for pair in complete if pair not in refused]

    def add(pair: Pair) -> bool:
        if (manifest := readable(app.store, pair)) is None:
            return False
        edition.add(manifest, wanted[pair])
        return True

    cards = sum(streamed(add, kept))
    edition.issue()
    held = len(complete) - len(kept)
    return Published(cards, held, len(wanted) - held - cards)


def withdraw(store: Store, run_id: str) -> None:
    """None of what was published with the run is listed any more. Raises NotFoundError: nothing was."""
    run = Run(store, run_id)
    try:
        Publication(store, run.id).withdraw()
    except NotFoundError as error:
        raise NotFoundError(f"nothing was published with run {run.id[:40]}") from error


def pairs(run: Run) -> Iterator[tuple[Item, Pair]]:
    """Every story × locale of the run's catalog, with its entry."""
    return ((item, (item.id, locale)) for item in run.all_items() for locale in item.locales)


def complete_of(store: Store, wanted: Iterable[Pair]) -> tuple[Pair, ...]:
    """Those whose manifest and mp3 are there, in order."""
    asked = tuple(wanted)
    there = made(store, {bytes.fromhex(story_id) for story_id, _ in asked})
    return tuple(pair for pair in asked if pair[1] in there.get(bytes.fromhex(pair[0]), ()))


def readable(store: Store, pair: Pair) -> Manifest | None:
    """None where there is none, or it was damaged after it was written."""
    key = keys.manifest(*pair)
    try:
        return load_manifest(store.get(key), key)
    except StoreError as error:
        if isinstance(error, NotFoundError) or error.problem == "damaged-record":
            return None
        raise


def streamed(do: Callable[[_In], _Out], told: Iterable[_In]) -> Iterator[_Out]:
    """In order, several at once, and never many ahead."""
    source = iter(told)
    with ThreadPoolExecutor(_READERS) as pool:
        waiting = deque(pool.submit(do, one) for one in islice(source, _AHEAD))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(do, one) for one in islice(source, 1))
                yield result
        finally:
            pool.shutdown(cancel_futures=True)


def _refuse_withdrawn(run: Run) -> None:
    with suppress(NotFoundError):
        run.store.get(keys.withdrawn(PUBLISHED, run.id))
        raise RequestError(
            f"run {run.id} was withdrawn: run its catalog again (made is only what lacks) and publish that",
            problem="bad-request",
        )


def _named(run: Run, told: Collection[str]) -> set[Pair]:
    """The stories × locales that `told` means."""
    if not told:
        return set()
    there = {pair for _, pair in pairs(run)}
    named: set[Pair] = set()
    for one in told:
        meant = _ID.fullmatch(one)
        found = {
            pair
            for pair in there
            if meant and pair[0].startswith(meant["start"]) and meant["locale"] in (None, pair[1])
        }
        if len({story_id for story_id, _ in found}) != 1:
            many = "begins more than one story" if found else "is no story"
            raise RequestError(
                f"{one[:60]!r} {many} of run {run.id}: nothing was published", problem="bad-id"
            )
        named |= found
    return named
