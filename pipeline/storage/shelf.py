"""The shelf: finished stories, found by their manifests, and published ones, listed by their cards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import chain, islice

from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import editions, keys
from pipeline.storage.digest import canonical
from pipeline.storage.records import load_manifest
from pipeline.types import Manifest

PUBLISHED = "published"
# The publication of stories that were published singly: always listed.
ALONE = ""
_LIFTED = b"lifted"
_READERS = 8
# A reader's request passes over at most so many pages of cards that are not listed.
_MOST_LOOKS = 10
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
    ids = sorted({key.split("/")[1] for key in store.list(f"stories/{start}")})
    if not ids:
        raise NotFoundError(f"there is no story {start}: `stories list` shows which there are")
    if len(ids) > 1:
        raise RequestError(f"{start} begins {len(ids)} stories: give more of the id", problem="bad-id")
    return ids[0]


@dataclass(frozen=True, slots=True)
class Card:
    """A published story as a list shows it. The idea is left out: it may name a child.

    publications: it is listed while one of them is; empty: a person withheld it. voice, pace: as in Manifest.
    """

    id: str
    locale: str
    title: str
    duration_ms: int
    labels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    publications: tuple[str, ...] = (ALONE,)
    voice: str = ""
    pace: float = editions.USUAL_PACE

    @property
    def edition(self) -> str:
        return editions.of(self)


@dataclass(frozen=True, slots=True)
class Page:
    """cursor: of the next page, "" where this one is the last."""

    cards: tuple[Card, ...]
    cursor: str


def publish(store: Store, manifest: Manifest, catalog: str = PUBLISHED) -> Card:
    """Lists a story, also where it was withheld; the story itself stays where it is."""
    card = _card_of(manifest)
    if (card.id, card.edition) in withheld(store, catalog):
        store.put(keys.withheld(catalog, card.id, card.edition), _LIFTED)
    store.put(keys.card(catalog, card.edition, card.id), _dump(card))
    return card


def withhold(store: Store, story_id: str, edition: str, catalog: str = PUBLISHED) -> None:
    """Lists a story no longer, because a person decided so, whatever publications it is in."""
    store.put(keys.withheld(catalog, story_id, edition), b"")
    key = keys.card(catalog, edition, story_id)
    with suppress(NotFoundError):
        store.put(key, _dump(replace(_card(store.get(key)), publications=())))


def withheld(store: Store, catalog: str = PUBLISHED) -> frozenset[tuple[str, str]]:
    """(id, edition) of every story that a person withheld."""
    names = [key for key in store.list(keys.withheld(catalog)) if store.get(key) != _LIFTED]
    return frozenset((name.split("/")[-1], name.split("/")[-2]) for name in names)


class Publication:
    """Stories that are published together: a reader's list shows none of them, then all. name: a run's id."""

    def __init__(self, store: Store, name: str, catalog: str = PUBLISHED) -> None:
        self._store, self._name, self._catalog = store, name, catalog
        self._listed = _Listed(store, catalog)

    def add(self, manifest: Manifest, tags: tuple[str, ...] = ()) -> Card:
        """Adds a story, listed once this publication is issued; what is listed already stays listed."""
        card = replace(_card_of(manifest), tags=tags, publications=(self._name,))
        key = keys.card(self._catalog, card.edition, card.id)
        if self._store.put_if_absent(key, _dump(card)):
            return card
        before = _card(self._store.get(key)).publications
        if self._name not in before:
            # One that lists it now is enough: a card does not grow with each night's run.
            listing = [ALONE] if ALONE in before else [name for name in before if name in self._listed][-1:]
            card = replace(card, publications=(*listing, self._name))
            self._store.put(key, _dump(card))
        return card

    def issue(self) -> None:
        self._store.put(keys.publication(self._catalog, self._name), b"")

    def withdraw(self) -> None:
        """Lists its cards no longer, unless another publication does. Raises NotFoundError: never issued."""
        self._store.get(keys.publication(self._catalog, self._name))
        self._store.put(keys.withdrawn(self._catalog, self._name), b"")


def page(store: Store, locale: str = "", cursor: str = "", size: int = 20, catalog: str = PUBLISHED) -> Page:
    """The next `size` published stories after `cursor` ("" for the first), by edition and id.

    Fewer, where many cards are not listed: so many are looked at and no more. locale: only this one, by
    any voice.
    Raises RequestError: not a cursor of ours.
    """
    listed = _Listed(store, catalog)
    # In the order of their keys: "fr-x-sara/" is before "fr/".
    prefixes = (
        (f"{keys.cards(catalog)}{locale}-x-", keys.cards(catalog, locale))
        if locale
        else (keys.cards(catalog),)
    )
    names = chain.from_iterable(store.list(prefix, after=_after(catalog, cursor)) for prefix in prefixes)
    listed_cards: list[Card] = []
    last = ""
    with ThreadPoolExecutor(_READERS) as pool:
        for _ in range(_MOST_LOOKS):
            batch = list(islice(names, size - len(listed_cards)))
            cards = [_card(data) for data in pool.map(store.get, batch)]
            listed_cards += [card for card in cards if any(name in listed for name in card.publications)]
            last = f"{cards[-1].edition}.{cards[-1].id}" if cards else ""
            if len(listed_cards) == size or not batch:
                break
    return Page(tuple(listed_cards), last if next(names, None) else "")


class _Listed:
    """The publications whose cards are listed; looked up once, where a card has one that is not ALONE."""

    def __init__(self, store: Store, catalog: str) -> None:
        self._store, self._catalog = store, catalog

    def __contains__(self, name: str) -> bool:
        return name == ALONE or name in self._issued

    @cached_property
    def _issued(self) -> frozenset[str]:
        issued, withdrawn = (
            {key.rsplit("/", 1)[1] for key in self._store.list(prefix)}
            for prefix in (keys.publications(self._catalog), keys.withdrawn(self._catalog))
        )
        return frozenset(issued - withdrawn)


def _card_of(manifest: Manifest) -> Card:
    return Card(
        manifest.story_id,
        manifest.locale,
        manifest.title,
        manifest.duration_ms,
        tuple(manifest.labels),
        voice=manifest.voice,
        pace=manifest.pace,
    )


def _after(catalog: str, cursor: str) -> str:
    if not cursor:
        return ""
    if not CURSOR.fullmatch(cursor):
        raise RequestError("not a cursor: take the one that the page before gave", problem="bad-request")
    edition, _, story_id = cursor.partition(".")
    return keys.card(catalog, edition, story_id)


def _dump(card: Card) -> bytes:
    body = asdict(card)
    if not card.voice:  # as stored cards are whose story the locale's own voice tells
        del body["voice"], body["pace"]
    body["editions"] = body.pop("publications")  # the name that stored cards have
    return canonical(body)


def _card(data: bytes) -> Card:
    body = json.loads(data)
    body["publications"] = body.pop("editions", (ALONE,))
    lists = {name: tuple(body[name]) for name in ("labels", "tags", "publications") if name in body}
    return Card(**{**body, **lists})
