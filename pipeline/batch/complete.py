"""Which editions are complete, by what a store lists: nothing is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import chain, groupby
from operator import attrgetter

from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.keys import StoryFile

# Up to this many stories are looked up one by one; for more, the store is listed once.
_FEW = 1000
# The locales in which a story is complete, by the 16 bytes of its id: there may be millions.
Complete = dict[bytes, frozenset[str]]


def complete_locales(store: Store, story_ids: Iterable[bytes]) -> Complete:
    """The locales of each story whose manifest and mp3 are in the store."""
    ids = set(story_ids)
    prefixes = [f"stories/{name.hex()}/" for name in sorted(ids)] if len(ids) <= _FEW else ["stories/"]
    files = filter(None, map(keys.story_file, chain.from_iterable(map(store.list, prefixes))))
    complete: Complete = {}
    same: dict[frozenset[str], frozenset[str]] = {}  # most stories have the same locales
    for story_id, listed in groupby(files, attrgetter("story_id")):
        name = bytes.fromhex(story_id)
        if name in ids and (locales := _locales(listed)):
            complete[name] = same.setdefault(locales, locales)
    return complete


def _locales(files: Iterable[StoryFile]) -> frozenset[str]:
    """Those of one story that have a manifest and an mp3."""
    files_of: dict[str, set[str]] = defaultdict(set)
    for file in files:
        files_of[file.edition].add("mp3" if file.name.endswith(".mp3") else file.name)
    return frozenset(
        locale for locale, names in files_of.items() if locale and {"mp3", keys.MANIFEST} <= names
    )
