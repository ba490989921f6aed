"""The stories of a store: finished ones, by their manifests, and any, by how its id begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.integrity import OnDamage, log_damage
from pipeline.storage.records import load_manifest
from pipeline.types import Manifest

_START = re.compile(r"p?[0-9a-f]{4,32}")


def manifests(store: Store, story_id: str = "", on_damage: OnDamage = log_damage) -> Iterator[Manifest]:
    """Complete stories, by id and locale. on_damage: receives those that cannot be read."""
    prefix = f"stories/{story_id}/" if story_id else "stories/"
    for key in store.list(prefix):
        file = keys.story_file(key)
        if file is None or file.name != keys.MANIFEST:
            continue
        try:
            with suppress(NotFoundError):  # deleted since it was listed
                yield load_manifest(store.get(key), key)
        except DamagedError as error:
            on_damage(error)


def find(store: Store, start: str) -> str:
    """The one story id that begins with `start` (4 or more hex digits; a p before them: a private story's).

    Raises RequestError: not an id, or more than one fits. NotFoundError: none does.
    """
    if not _START.fullmatch(start):
        raise RequestError(f"not a story id: {start[:40]!r}; `stories list` shows them", problem="bad-id")
    names = map(keys.bare, store.list(_beginning(start)))
    files = [file for file in map(keys.story_file, names) if file]
    ids = sorted({file.story_id for file in files if file.story_id.startswith(start)})
    if not ids:
        raise NotFoundError(f"there is no story {start}: `stories list` shows which there are")
    if len(ids) > 1:
        raise RequestError(f"{start} begins {len(ids)} stories: give more of the id", problem="bad-id")
    return ids[0]


def _beginning(start: str) -> str:
    """The prefix of all keys of such stories."""
    if not start.startswith("p"):
        return f"stories/{start}"
    folder = keys.folder_of(start)
    whole = f"{keys.folder(folder)}stories/" if len(start) > len(folder) + 1 else ""
    return whole or f"{keys.NAMED}{folder}"
