"""What is committed of a story: its request, its texts, its manifests. Every function raises NotFoundError
where there is nothing, and DamagedError where it is damaged or is another story's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pipeline.app import App
from pipeline.errors import DamagedError, NotFoundError
from pipeline.ports import Store
from pipeline.storage import editions, keys
from pipeline.storage.integrity import damaged
from pipeline.storage.records import (
    AcceptedRequest,
    CommittedText,
    load_manifest,
    load_request,
    load_text,
)
from pipeline.types import Manifest

Record = TypeVar("Record")


def request(store: Store, story_id: str) -> AcceptedRequest:
    key = keys.request(story_id)
    loaded = load_request(store.get(key), key)
    return _its_own(loaded, loaded.story_id == story_id, key)


def text(store: Store, story_id: str, locale: str) -> CommittedText:
    """The story itself, or its translation."""
    key = keys.text(story_id, locale)
    loaded = load_text(store.get(key), key)
    return _its_own(loaded, (loaded.story.id, loaded.story.locale) == (story_id, locale), key)


def manifest(store: Store, story_id: str, edition: str) -> Manifest:
    """NotFoundError also where the mp3 that it names was deleted."""
    loaded = read_manifest(store, story_id, edition)
    if next(store.list(loaded.mp3), None) != loaded.mp3:
        raise NotFoundError(f"{loaded.mp3} is gone: run the same command again", problem="sound-gone")
    return loaded


def whole(app: App, story_id: str, edition: str) -> Manifest:
    """The manifest of an edition at which there is nothing to make, or to mend.

    Raises NotFoundError; its problem says what is damaged or gone.
    """
    return _mended_if_damaged(app, lambda: manifest(app.store, story_id, edition))


def served(app: App, story_id: str, edition: str) -> Manifest:
    """As whole(), with one request less to a bucket, in which a deleted mp3 is not noticed then."""
    return _mended_if_damaged(app, lambda: read_manifest(app.store, story_id, edition))


def read_manifest(store: Store, story_id: str, edition: str) -> Manifest:
    """Also where the mp3 that it names was deleted."""
    key = keys.manifest(story_id, edition)
    loaded = load_manifest(store.get(key), key)
    return _its_own(loaded, (loaded.story_id, editions.of(loaded)) == (story_id, edition), key)


def _mended_if_damaged(app: App, read: Callable[[], Manifest]) -> Manifest:
    """Damage as NotFoundError: whoever makes editions makes this one again."""
    try:
        loaded = read()
    except DamagedError as error:
        raise NotFoundError(str(error), problem=error.problem) from error
    if fault := app.sounds.fault(loaded):
        raise NotFoundError(f"{fault}: run the same command again", problem="damaged-sound")
    return loaded


def is_complete(store: Store, story_id: str, edition: str) -> bool:
    """Whether manifest and mp3 are there, the manifest as it was written."""
    try:
        manifest(store, story_id, edition)
    except (NotFoundError, DamagedError):
        return False
    return True


def is_whole(app: App, story_id: str, edition: str) -> bool:
    """Whether there is nothing left to make, or to mend."""
    try:
        whole(app, story_id, edition)
    except NotFoundError:
        return False
    return True


def _its_own(record: Record, matches: bool, key: str) -> Record:
    if not matches:
        raise damaged(key)
    return record
