"""The shelf: published stories, listed by their cards."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice

from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import cards, keys
from pipeline.storage.cards import ALONE, Card, card_of
from pipeline.storage.integrity import OnDamage, log_damage, opened, sealed, write
from pipeline.types import Manifest

PUBLISHED = "published"
_LIFTED = b"lifted"
_READERS = 8
# A reader's request passes over at most so many pages of cards that are not listed.
_MOST_LOOKS = 10
CURSOR = re.compile(r"[A-Za-z0-9-]{2,35}\.[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Page:
    """cursor: of the next page, "" where this one is the last."""

    cards: tuple[Card, ...]
    cursor: str


def publish(store: Store, manifest: Manifest, catalog: str = PUBLISHED) -> Card:
    """Lists a story, also where it was withheld; the story itself stays where it is."""
    card = card_of(manifest)
    marker = keys.withheld(catalog, card.id, card.edition)
    with suppress(NotFoundError):
        if store.get(marker) != _LIFTED:
            store.put(marker, _LIFTED)
    write(store, cards.key_of(card, catalog), cards.dump(card))
    return card


def withhold(store: Store, story_id: str, edition: str, catalog: str = PUBLISHED) -> None:
    """Lists a story no longer, because a person decided so, whatever publications it is in."""
    store.put(keys.withheld(catalog, story_id, edition), b"")
    unlist(store, story_id, edition, catalog)


def unlist(store: Store, story_id: str, edition: str, catalog: str = PUBLISHED) -> None:
    """Lists a story no longer, until something publishes it again."""
    key = keys.card(catalog, edition, story_id)
    with suppress(NotFoundError, DamagedError):  # a damaged card is not listed
        write(store, key, cards.dump(replace(cards.read(store, key), publications=())))


def withheld(store: Store, catalog: str = PUBLISHED) -> frozenset[tuple[str, str]]:
    """(id, edition) of every story that a person withheld."""
    names = [key for key in store.list(keys.withheld(catalog)) if store.get(key) != _LIFTED]
    return frozenset((name.split("/")[-1], name.split("/")[-2]) for name in names)


def replace_by(store: Store, story_id: str, edited_id: str, catalog: str = PUBLISHED) -> None:
    """From now on an edited story is published where a catalog asks for the one with `story_id`, which may
    be itself again.
    """
    write(store, keys.edited(catalog, story_id), sealed({"id": edited_id}))


def replacements(store: Store, catalog: str = PUBLISHED) -> dict[str, str]:
    """The edited story's id, by the id that a catalog asks for. Raises DamagedError."""
    edited: dict[str, str] = {}
    for key in store.list(keys.edited(catalog)):
        with opened(store.get(key), key) as body:
            edited[key.rpartition("/")[2]] = body["id"]
    return {old: new for old, new in edited.items() if old != new}


class Publication:
    """Stories that are published together: a reader's list shows none of them, then all. name: a run's id."""

    def __init__(self, store: Store, name: str, catalog: str = PUBLISHED) -> None:
        self._store, self._name, self._catalog = store, name, catalog
        self._listed = _Listed(store, catalog)

    def add(self, manifest: Manifest, tags: tuple[str, ...] = ()) -> Card:
        """Adds a story, listed once this publication is issued; what is listed already stays listed."""
        card = replace(card_of(manifest), tags=tags, publications=(self._name,))
        key = cards.key_of(card, self._catalog)
        if self._store.put_if_absent(key, cards.dump(card)):
            return card
        before: tuple[str, ...] = ()
        with suppress(DamagedError):  # one that is written anew
            before = cards.read(self._store, key).publications
        if self._name not in before:
            # One that lists it now is enough: a card does not grow with each night's run.
            listing = [ALONE] if ALONE in before else [name for name in before if name in self._listed][-1:]
            card = replace(card, publications=(*listing, self._name))
            write(self._store, key, cards.dump(card))
        return card

    def issue(self) -> None:
        self._store.put(keys.publication(self._catalog, self._name), b"")

    def withdraw(self) -> None:
        """Lists its cards no longer, unless another publication does. Raises NotFoundError: never issued."""
        self._store.get(keys.publication(self._catalog, self._name))
        self._store.put(keys.withdrawn(self._catalog, self._name), b"")


def page(
    store: Store,
    locale: str = "",
    cursor: str = "",
    size: int = 20,
    catalog: str = PUBLISHED,
    on_damage: OnDamage = log_damage,
) -> Page:
    """The next `size` published stories after `cursor` ("" for the first), by edition and id.

    Fewer, where many cards are not listed: so many are looked at and no more. locale: only this one, by
    any voice. on_damage: receives cards that cannot be read.
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
    own = filter(keys.card_file, names)
    listed_cards: list[Card] = []
    last = ""
    with ThreadPoolExecutor(_READERS) as pool:
        for _ in range(_MOST_LOOKS):
            batch = list(islice(own, size - len(listed_cards)))
            for card in pool.map(lambda key: _readable(store, key, on_damage), batch):
                if card and any(name in listed for name in card.publications):
                    listed_cards.append(card)
            last = _cursor(batch[-1]) if batch else ""
            if len(listed_cards) == size or not batch:
                break
    return Page(tuple(listed_cards), last if next(own, None) else "")


def is_listed(store: Store, story_id: str, edition: str, catalog: str = PUBLISHED) -> bool:
    """Whether a page shows it."""
    card = _readable(store, keys.card(catalog, edition, story_id), log_damage)
    listed = _Listed(store, catalog)
    return card is not None and any(name in listed for name in card.publications)


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


def _readable(store: Store, key: str, on_damage: OnDamage) -> Card | None:
    """None where it is damaged, or was deleted since it was listed."""
    try:
        return cards.read(store, key)
    except DamagedError as error:
        on_damage(error)
    except NotFoundError:
        pass
    return None


def _cursor(key: str) -> str:
    file = keys.card_file(key)
    return f"{file.edition}.{file.story_id}" if file else ""


def _after(catalog: str, cursor: str) -> str:
    if not cursor:
        return ""
    if not CURSOR.fullmatch(cursor):
        raise RequestError("not a cursor: take the one that the page before gave", problem="bad-request")
    edition, _, story_id = cursor.partition(".")
    return keys.card(catalog, edition, story_id)
