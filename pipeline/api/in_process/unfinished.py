"""What the records of a store say that servers have accepted, and that is left to do."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import suppress

from pipeline.api.runner import Job
from pipeline.errors import StoriesError
from pipeline.ports import Store
from pipeline.steps import status
from pipeline.storage import keys, shelf
from pipeline.storage.records import load_manifest
from pipeline.types import Manifest


def unfinished(store: Store, names: Set[str]) -> Iterator[Job]:
    """What was accepted, and is neither complete nor failed, by id.

    names: of everything below stories/.
    """
    for story_id, edition in _accepted(names):
        is_made = keys.manifest(story_id, edition) in names
        if not is_made and not status.has_failed(store, story_id, edition):
            yield story_id, edition


def unlisted(store: Store, names: Set[str]) -> Iterator[Manifest]:
    """Stories that were accepted and made, but whose process ended before they were listed."""
    listed = set(store.list(keys.cards(shelf.PUBLISHED)))
    for story_id, edition in _accepted(names):
        key = keys.manifest(story_id, edition)
        if key in names and keys.card(shelf.PUBLISHED, edition, story_id) not in listed:
            with suppress(StoriesError):  # a damaged manifest is no reason not to start
                yield load_manifest(store.get(key), key)


def _accepted(names: Set[str]) -> list[Job]:
    """By their markers; by their statuses in a store from before there were markers."""
    parts = (name.split("/") for name in names)
    last = {keys.accepted("", "").rsplit("/", 1)[1], keys.status("", "").rsplit("/", 1)[1]}
    return sorted({(part[1], part[2]) for part in parts if len(part) == 4 and part[3] in last})
