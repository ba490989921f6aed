"""Cards: the records of published stories, as a list shows them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipeline.errors import RequestError
from pipeline.ports import Store
from pipeline.storage import editions, keys
from pipeline.storage.integrity import damaged, opened, sealed
from pipeline.types import Manifest

# The publication of stories that were published singly: always listed.
ALONE = ""


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


def card_of(manifest: Manifest) -> Card:
    """To be published. Raises RequestError: the story is private."""
    if keys.folder_of(manifest.story_id):
        raise RequestError(
            f"story {manifest.story_id[:8]} has a child's name: it is private and is never published",
            problem="private-story",
        )
    return of_family(manifest)


def of_family(manifest: Manifest) -> Card:
    """For the family's own shelf, of a private story too."""
    return Card(
        manifest.story_id,
        manifest.locale,
        manifest.title,
        manifest.duration_ms,
        tuple(manifest.labels),
        voice=manifest.voice,
        pace=manifest.pace,
    )


def dump(card: Card) -> bytes:
    body = asdict(card)
    if not card.voice:  # as stored cards are whose story the locale's own voice tells
        del body["voice"], body["pace"]
    body["editions"] = body.pop("publications")  # the name that stored cards have
    return sealed(body)


def read(store: Store, key: str) -> Card:
    """The card at `key`. Raises NotFoundError; DamagedError, also where it is another story's."""
    with opened(store.get(key), key) as body:
        body["publications"] = body.pop("editions", (ALONE,))
        for name in {"labels", "tags", "publications"} & body.keys():
            body[name] = tuple(body[name])
        card = Card(**body)
    if not key.endswith(f"/{card.edition}/{card.id}.json"):
        raise damaged(key)
    return card


def key_of(card: Card, catalog: str) -> str:
    return keys.card(catalog, card.edition, card.id)
