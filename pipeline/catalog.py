"""What the store holds: finished stories, found by their manifests; published ones, by their cards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice

from pipeline import keys
from pipeline.digest import canonical
from pipeline.engines import Store
from pipeline.errors import NotFoundError, RequestError
from pipeline.records import load_manifest
from pipeline.types import Manifest

PUBLISHED = "published"
_READERS = 8
_ID = re.compile(r"[0-9a-f]{4,32}")
CURSOR = re.compile(r"[A-Za-z0-9-]{2,35}\.[0-9a-f]{32}")


def manifests(store: Store, story_id: str = "") -> Iterator[Manifest]:
    """Complete stories, by id and locale."""
    prefix = f"stories/{story_id}/" if story_id else "stories/"
    for key in store.list(prefix):
        if key.endswith("/manifest.json"):
            yield load_manifest(store.get(key), key)


def find(store: Store, start: str) -> str:
    """The one story id that begins with `start` (4 or more hex digits).

    Raises RequestError: not an id, or more than one fits. NotFoundError: none does.
    """
    if not _ID.fullmatch(start):
        raise RequestError(f"not a story id: {start[:40]!r}; `stories list` shows them", problem="bad-id")
    found = sorted({key.split("/")[1] for key in store.list(f"stories/{start}")})
    if not found:
        raise NotFoundError(f"there is no story {start}: `stories list` shows which there are")
    if len(found) > 1:
        raise RequestError(f"{start} begins {len(found)} stories: give more of the id", problem="bad-id")
    return found[0]


@dataclass(frozen=True, slots=True)
class Card:
    """A published story as a list shows it. The idea is left out: it may name a child."""

    id: str
    locale: str
    title: str
    duration_ms: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """cursor: of the next page, "" where this one is the last."""

    cards: tuple[Card, ...]
    cursor: str


def publish(store: Store, manifest: Manifest, catalog: str = PUBLISHED) -> Card:
    """Listed from now on; the story itself stays where it is."""
    card = Card(
        manifest.story_id, manifest.locale, manifest.title, manifest.duration_ms, tuple(manifest.labels)
    )
    store.put(keys.card(catalog, card.locale, card.id), canonical(asdict(card)))
    return card


def page(store: Store, locale: str = "", cursor: str = "", size: int = 20, catalog: str = PUBLISHED) -> Page:
    """The next `size` published stories after `cursor` ("" for the first), by locale and id.

    locale: only this one. Raises RequestError: not a cursor of ours.
    """
    found = list(islice(store.list(keys.cards(catalog, locale), after=_after(catalog, cursor)), size + 1))
    with ThreadPoolExecutor(_READERS) as pool:
        cards = tuple(_card(data) for data in pool.map(store.get, found[:size]))
    return Page(cards, f"{cards[-1].locale}.{cards[-1].id}" if len(found) > size else "")


def _after(catalog: str, cursor: str) -> str:
    if not cursor:
        return ""
    if not CURSOR.fullmatch(cursor):
        raise RequestError("not a cursor: take the one that the page before gave", problem="bad-request")
    locale, _, story_id = cursor.partition(".")
    return keys.card(catalog, locale, story_id)


def _card(data: bytes) -> Card:
    told = json.loads(data)
    return Card(**{**told, "labels": tuple(told["labels"])})
