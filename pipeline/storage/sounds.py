"""Whether sounds are what was stored: an mp3 shows it by its name, a segment by the note inside it."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator
from typing import Protocol, runtime_checkable

from pipeline.errors import NotFoundError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import content
from pipeline.storage.integrity import CorruptError
from pipeline.storage.narrations import decode
from pipeline.types import Content, Manifest

# Remembered sounds; beyond, all are forgotten and read again.
_MOST = 50_000


@runtime_checkable
class Stamped(Protocol):
    """A store that knows without reading an object whether it was written anew."""

    def stamp(self, key: str) -> Hashable:
        """Raises NotFoundError."""
        ...


def sound(key: str, data: bytes) -> bytes:
    """The sound alone, of the object `data` at `key`. Raises CorruptError."""
    if keys.bare(key).startswith("cache/"):
        return decode(data)[1]
    name = key.rpartition("/")[2].partition(".")[0]
    if len(name) < keys.MP3_DIGITS or not hashlib.sha256(data).hexdigest().startswith(name):
        raise CorruptError("the sound is not the one that its name says")
    return data


class Sounds:
    """Which sounds of a store are whole. A sound is read once, and again only where it was written anew.

    store: None where it checks what it serves by itself, as S3 does: every sound counts as whole then.
    Thread-safe.
    """

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._prefix = ""
        self._contents: dict[str, tuple[Hashable, Content | None]] = {}

    def at(self, store: Store, prefix: str) -> Sounds:
        """Of a store whose keys lie below `prefix` in this one; what is remembered is shared."""
        if self._store is None:
            return self
        inner = Sounds(store)
        inner._prefix, inner._contents = prefix, self._contents
        return inner

    def fault(self, manifest: Manifest) -> str:
        """What is wrong with the sounds of an edition, "" where they are what the manifest names."""
        return next((f"{key} is {what}" for key, what in self.faults(manifest)), "")

    def faults(self, manifest: Manifest) -> Iterator[tuple[str, str]]:
        """The keys of sounds that are not what the manifest names, each "gone" or "damaged"."""
        if self._store is None:
            return
        for key in dict.fromkeys((manifest.mp3, *(segment.audio for segment in manifest.segments))):
            try:
                held = self._content(self._store, key)
            except NotFoundError:
                yield key, "gone"
            else:
                if held is None or manifest.files.get(key, held) != held:
                    yield key, "damaged"

    def is_whole(self, key: str) -> bool:
        """Whether the sound at `key` is what was stored. Raises NotFoundError."""
        return self._store is None or self._content(self._store, key) is not None

    def _content(self, store: Store, key: str) -> Content | None:
        """Of the sound alone; None where it is damaged."""
        stamp = store.stamp(key) if isinstance(store, Stamped) else None
        name = f"{self._prefix}{key}"
        remembered = self._contents.get(name)
        if remembered is None or remembered[0] != stamp or remembered[1] is None:
            try:
                remembered = stamp, content(sound(key, store.get(key)))
            except CorruptError:
                remembered = stamp, None
            if len(self._contents) >= _MOST:
                self._contents.clear()
            self._contents[name] = remembered
        return remembered[1]
