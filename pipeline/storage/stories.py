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

_START = re.compile(r"[0-9a-f]{4,32}")


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
    """The one story id that begins with `start` (4 or more hex digits).

    Raises RequestError: not an id, or more than one fits. NotFoundError: none does.
    """
    if not _START.fullmatch(start):
        raise RequestError(f"not a story id: {start[:40]!r}; `stories list` shows them", problem="bad-id")
    files = map(keys.story_file, store.list(f"stories/{start}"))
    ids = sorted({file.story_id for file in files if file})
    if not ids:
        raise NotFoundError(f"there is no story {start}: `stories list` shows which there are")
    if len(ids) > 1:
        raise RequestError(f"{start} begins {len(ids)} stories: give more of the id", problem="bad-id")
    return ids[0]
