"""The cards of a family's shelf: a story each, by the edition that its reader wants most."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from pipeline.api import views
from pipeline.api.views import View
from pipeline.app import App
from pipeline.errors import DamagedError, NotFoundError
from pipeline.steps import committed
from pipeline.storage import editions, family, keys, shelf
from pipeline.storage.cards import of_family
from pipeline.storage.family import Line
from pipeline.types import Manifest

# Labels that profiles for quick looks give to what they make.
QUICK = frozenset({"draft story", "fake"})
_READERS = 8
# A reader's request passes over so many pages of stories that are not made, at most.
_MOST_LOOKS = 10


def page(app: App, owner: str, locale: str, cursor: str, size: int) -> tuple[list[View], str]:
    """The next `size` models.ShelfCard and the cursor of those after them, "" where there are none.

    Fewer, where many stories were asked for and not made. locale: of the editions wanted; "" for those asked
    for last. Raises RequestError: not a cursor of ours.
    """
    cards: list[View] = []
    with ThreadPoolExecutor(_READERS) as pool:
        for _ in range(_MOST_LOOKS):
            wanted = size - len(cards)
            # One more than wanted says whether there are any after them.
            lines = family.page(app.store, owner, cursor, wanted + 1)
            batch = lines[:wanted]
            cards += [card for card in pool.map(lambda line: _card(app, line, locale), batch) if card]
            if len(lines) <= wanted:
                return cards, ""
            cursor = batch[-1].cursor
            if len(cards) == size:
                break
    return cards, cursor


def _card(app: App, line: Line, locale: str) -> View | None:
    """None where the story is not complete in any language, or is gone."""
    try:
        app = app.of(line.story_id)
    except (NotFoundError, DamagedError):  # a private one that has expired
        return None
    complete = _complete(app, line.story_id)
    order = sorted(complete, key=lambda edition: _rank(edition, line, locale))
    manifest = next(filter(None, (_manifest(app, line.story_id, edition) for edition in order)), None)
    if manifest is None:
        return None
    return {
        **views.card_view(app, of_family(manifest)),
        "locales": [edition for edition in complete if edition == editions.locale(edition)],
        "created": datetime.fromtimestamp(line.created, UTC).isoformat(timespec="seconds"),
        "published": shelf.is_listed(app.store, line.story_id, editions.of(manifest)),
        "private": app.private is not None,
        **({"expires": app.private.expires} if app.private else {}),
        "quick": not QUICK.isdisjoint(manifest.labels),
        **({"revises": manifest.revises} if manifest.revises else {}),
    }


def _complete(app: App, story_id: str) -> list[str]:
    """The editions of a story that have a manifest."""
    files = map(keys.story_file, app.store.list(f"stories/{story_id}/"))
    return [file.edition for file in files if file and file.name == keys.MANIFEST]


def _rank(edition: str, line: Line, locale: str) -> tuple[bool, bool, int]:
    """The locale's own voice first, then its other voices, then what was asked for last."""
    place = line.editions.index(edition) if edition in line.editions else len(line.editions)
    return edition != locale, editions.locale(edition) != locale, place


def _manifest(app: App, story_id: str, edition: str) -> Manifest | None:
    try:
        return committed.read_manifest(app.store, story_id, edition)
    except (NotFoundError, DamagedError):
        return None
