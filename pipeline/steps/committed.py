"""What is committed of a story: its request, its texts, its manifests. Every function raises NotFoundError
where there is nothing, and StoreError where it is damaged.
"""

from __future__ import annotations

from pipeline.errors import NotFoundError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.records import (
    AcceptedRequest,
    CommittedText,
    load_manifest,
    load_request,
    load_text,
)
from pipeline.types import Manifest


def request(store: Store, story_id: str) -> AcceptedRequest:
    key = keys.request(story_id)
    return load_request(store.get(key), key)


def text(store: Store, story_id: str, locale: str) -> CommittedText:
    """The story itself, or its translation."""
    key = keys.text(story_id, locale)
    return load_text(store.get(key), key)


def manifest(store: Store, story_id: str, edition: str) -> Manifest:
    """NotFoundError also where the mp3 that it names was deleted."""
    key = keys.manifest(story_id, edition)
    loaded = load_manifest(store.get(key), key)
    if next(store.list(loaded.mp3), None) != loaded.mp3:
        raise NotFoundError(f"{loaded.mp3} is gone: run the same command again")
    return loaded


def is_complete(store: Store, story_id: str, edition: str) -> bool:
    """Whether there is nothing left to make."""
    try:
        manifest(store, story_id, edition)
    except NotFoundError:
        return False
    return True
