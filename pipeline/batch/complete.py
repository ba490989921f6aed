"""Which editions are complete, by what a store lists: nothing is read."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.ports import Store
from pipeline.storage import keys

# Up to this many stories are looked up one by one; for more, the store is listed once.
_FEW = 1000
# The locales in which a story is complete, by the 16 bytes of its id: there may be millions.
Complete = dict[bytes, frozenset[str]]


def complete_locales(store: Store, story_ids: Iterable[bytes]) -> Complete:
    """The locales of each story whose manifest and mp3 are in the store."""
    ids = set(story_ids)
    prefixes = [f"stories/{name.hex()}/" for name in sorted(ids)] if len(ids) <= _FEW else ["stories/"]
    files: dict[bytes, dict[str, set[str]]] = {}
    for key in (key for prefix in prefixes for key in store.list(prefix)):
        file = keys.story_file(key)
        if file is None or not file.edition or (name := bytes.fromhex(file.story_id)) not in ids:
            continue
        kind = "mp3" if file.name.endswith(".mp3") else file.name
        files.setdefault(name, {}).setdefault(file.edition, set()).add(kind)
    return {
        name: frozenset(locale for locale, kinds in locales.items() if {"mp3", keys.MANIFEST} <= kinds)
        for name, locales in files.items()
    }
