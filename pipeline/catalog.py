"""What the store holds: finished stories, found by their manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.engines import Store
from pipeline.errors import NotFoundError, RequestError
from pipeline.records import load_manifest
from pipeline.types import Manifest

_ID = re.compile(r"[0-9a-f]{4,32}")


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
