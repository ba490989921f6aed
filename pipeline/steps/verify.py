"""Verifies a store, or some of its stories: every record, text and sound against what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pipeline.errors import DamagedError, NotFoundError
from pipeline.ports import Progress, Store
from pipeline.steps import committed
from pipeline.storage import cards, keys, memo
from pipeline.storage.digest import content
from pipeline.storage.integrity import CorruptError, unsealed, unsealed_lines
from pipeline.storage.keys import StoryFile, story_file
from pipeline.storage.sounds import Sounds, sound

DAMAGED, GONE = "damaged", "gone"
REQUEST, TEXT, EDITION, CARD, ENTRY, RUN = "request", "text", "edition", "card", "entry", "run"


@dataclass(frozen=True, slots=True)
class Fault:
    """An object that is not what was written. kind: what it is a part of, which decides how it is healed.

    story_id, edition: "" for what belongs to none.
    """

    key: str
    what: str
    kind: str
    story_id: str = ""
    edition: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """objects: how many were looked at."""

    objects: int
    faults: tuple[Fault, ...]


def verify(store: Store, story_ids: Sequence[str], progress: Progress) -> Verified:
    """story_ids: of these alone; none: the whole store. Changes nothing."""
    names = [key for prefix in _prefixes(story_ids) for key in store.list(prefix)]
    verifier = _Verifier(store, frozenset(names))
    faults: dict[str, Fault] = {}
    with progress.step("verify", len(names), "object") as advance:
        for key in names:
            for fault in verifier.faults(key):
                if not story_ids or fault.story_id in story_ids:
                    faults.setdefault(fault.key, fault)
            advance(1)
    return Verified(len(names), tuple(faults.values()))


def _prefixes(story_ids: Sequence[str]) -> Sequence[str]:
    """Stories first: what a story needs of the cache is then named as the story's."""
    if story_ids:
        return (*(f"stories/{story_id}/" for story_id in story_ids), "catalogs/")
    return "stories/", "catalogs/", "runs/", "cache/", "audio/"


class _Verifier:
    def __init__(self, store: Store, names: frozenset[str]) -> None:
        self._store, self._names = store, names
        self._sounds = Sounds(store)
        self._folders = {
            "stories": self._story,
            "catalogs": self._card,
            "runs": self._run,
            "cache": self._entry,
            "audio": self._entry,
        }

    def faults(self, key: str) -> Iterator[Fault]:
        with suppress(NotFoundError):  # deleted since it was listed
            yield from self._folders[key.partition("/")[0]](key)

    def _story(self, key: str) -> Iterator[Fault]:
        file = story_file(key)
        if file is None:
            return
        if key == keys.request(file.story_id):
            yield from self._record(key, REQUEST, file, committed.request, file.story_id)
        elif file.name in {"story.json", "text.json"}:
            locale = file.edition or keys.WRITTEN_IN
            yield from self._record(key, TEXT, file, committed.text, file.story_id, locale)
        elif file.name == keys.MANIFEST:
            yield from self._edition(key, file)
        elif file.name.endswith(".mp3"):
            manifest = keys.manifest(file.story_id, file.edition)
            if manifest not in self._names:
                yield Fault(manifest, GONE, EDITION, file.story_id, file.edition)

    def _record(
        self, key: str, kind: str, file: StoryFile, read: Callable[..., object], *where: str
    ) -> Iterator[Fault]:
        try:
            read(self._store, *where)
        except DamagedError:
            yield Fault(key, DAMAGED, kind, file.story_id, file.edition)

    def _edition(self, key: str, file: StoryFile) -> Iterator[Fault]:
        """The manifest, and everything that it names."""
        story = file.story_id, file.edition
        try:
            manifest = committed.read_manifest(self._store, *story)
        except DamagedError:
            yield Fault(key, DAMAGED, EDITION, *story)
            return
        for sound_key, fault in self._sounds.faults(manifest):
            yield Fault(sound_key, fault, EDITION, *story)
        if keys.request(file.story_id) not in self._names:
            yield Fault(keys.request(file.story_id), GONE, REQUEST, *story)
        for name, expected in manifest.files.items():
            if name.endswith(".json"):
                if name not in self._names:
                    yield Fault(name, GONE, TEXT, *story)
                elif content(self._store.get(name)) != expected:
                    yield Fault(name, DAMAGED, TEXT, *story)

    def _card(self, key: str) -> Iterator[Fault]:
        file = keys.card_file(key)
        if not file:
            return
        try:
            card = cards.read(self._store, key)
        except DamagedError:
            yield Fault(key, DAMAGED, CARD, file.story_id, file.edition)
            return
        for name in filter(None, card.publications):
            marker = keys.publication(key.split("/")[1], name)
            if marker not in self._names:
                yield Fault(marker, GONE, RUN)

    def _run(self, key: str) -> Iterator[Fault]:
        check = {"json": unsealed, "jsonl": unsealed_lines}.get(key.rpartition(".")[2])
        if check:
            yield from self._checked(key, RUN, check)

    def _entry(self, key: str) -> Iterator[Fault]:
        """A call that was paid for. An empty one is none: it is made again when it is needed."""
        if key.endswith(".json"):
            yield from self._checked(key, ENTRY, lambda data: data and memo.unseal(data))
        else:
            yield from self._checked(key, ENTRY, lambda data: data and sound(key, data))

    def _checked(self, key: str, kind: str, check: Callable[[bytes], object]) -> Iterator[Fault]:
        try:
            check(self._store.get(key))
        except CorruptError:
            yield Fault(key, DAMAGED, kind)
