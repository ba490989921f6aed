"""The episodes of a feed: the published stories of a language, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pipeline.errors import DamagedError, NotFoundError
from pipeline.exports import source
from pipeline.exports.transcript import Transcript
from pipeline.ports import Store
from pipeline.storage import keys, shelf
from pipeline.storage.integrity import OnDamage, log_damage

# Clients read the whole feed at each look, so it is cut, as those of publishers are.
MOST = 100
_PAGE = 100


@runtime_checkable
class Dated(Protocol):
    """A store that knows when an object was written."""

    def modified(self, key: str) -> float:
        """Seconds since 1970. Raises NotFoundError."""
        ...


@dataclass(frozen=True, slots=True)
class Episode:
    """date: when its manifest was written, in seconds since 1970; 0 where the store does not know it."""

    story: Transcript
    date: float


def episodes(store: Store, locale: str, on_damage: OnDamage = log_damage) -> list[Episode]:
    """MOST at most. on_damage: receives what cannot be read."""
    chosen = sorted(_dated(store, locale), key=lambda card: (-card[0], card[1:]))[:MOST]
    read = (_episode(store, *card, on_damage) for card in chosen)
    return [episode for episode in read if episode]


def _dated(store: Store, locale: str) -> Iterator[tuple[float, str, str]]:
    """(date, story id, edition) of every published story of the language."""
    cursor = ""
    while True:
        page = shelf.page(store, locale, cursor, _PAGE)
        for card in page.cards:
            yield _date(store, keys.manifest(card.id, card.edition)), card.id, card.edition
        cursor = page.cursor
        if not cursor:
            return


def _date(store: Store, key: str) -> float:
    try:
        return store.modified(key) if isinstance(store, Dated) else 0
    except NotFoundError:
        return 0


def _episode(store: Store, date: float, story_id: str, edition: str, on_damage: OnDamage) -> Episode | None:
    try:
        return Episode(source.edition(store, story_id, edition), date)
    except DamagedError as error:
        on_damage(error)
    except NotFoundError:  # published, then deleted
        pass
    return None
