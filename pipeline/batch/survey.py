"""What a catalog file asks for: every entry checked, every story named, and what of it is made already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.app import App
from pipeline.batch.models import Catalog, Entry
from pipeline.batch.reading import CatalogFile, bad
from pipeline.batch.runs import Item
from pipeline.errors import StoriesError
from pipeline.ports import Store
from pipeline.steps.accept import acceptable, chain

# So few stories are looked up one by one; for more, the store is listed once.
_FEW = 1000
_SHOWN_FAULTS = 20
# The locales that are made of each story, by the 16 bytes of its id: there may be millions.
Made = dict[bytes, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Fault:
    line: int
    told: str


@dataclass(frozen=True, slots=True)
class Survey:
    """pairs: stories × locales, by locale; done: those of them that are made. todo_stories: not wholly made.

    faults: the first ones; fault_count: how many there are.
    """

    catalog: Catalog
    entries: int
    stories: int
    pairs: dict[str, int]
    done: dict[str, int]
    todo_stories: int
    faults: tuple[Fault, ...]
    fault_count: int

    @property
    def todo(self) -> int:
        return sum(self.pairs.values()) - sum(self.done.values())


def survey(app: App, file: CatalogFile, most_faults: int = _SHOWN_FAULTS) -> Survey:
    """Reads all of the file and looks at the store; writes nothing and calls no engine."""
    return survey_with_made(app, file, most_faults)[0]


def items(app: App, file: CatalogFile) -> Iterator[Item]:
    """Of a file without faults."""
    expand = _Expansion(app, file.settings)
    for row in file.rows():
        if row.entry is None:
            raise bad(f"{file.path.name} changed while it was read")
        yield from expand(row.line, row.entry)


def survey_with_made(app: App, file: CatalogFile, most_faults: int = _SHOWN_FAULTS) -> tuple[Survey, Made]:
    """And which locales of which story are made."""
    seen: dict[bytes, tuple[int, int]] = {}  # by which entry, in which line
    wanted: dict[bytes, tuple[str, ...]] = {}
    pairs: Counter[str] = Counter()
    faults = _Faults(most_faults)
    entries = 0
    expand = _Expansion(app, file.settings)
    expand.forget_unknown(faults)
    for row in file.rows():
        entries += 1
        try:
            items = expand(row.line, row.entry) if row.entry else faults.add(row.line, row.told)
        except StoriesError as error:
            items = faults.add(row.line, str(error))
        for item in items:
            key = bytes.fromhex(item.id)
            first, line = seen.setdefault(key, (entries, item.line))
            if first != entries:
                faults.add(item.line, f"the same story as line {line}: say it once, with all its locales")
                break
            wanted[key] = item.locales
            pairs.update(item.locales)
    if not entries:
        faults.add(1, "there are no entries")
    there = made(app.store, wanted)
    done = Counter(one for key, locales in there.items() for one in locales if one in wanted[key])
    todo = sum(not set(locales) <= there.get(key, frozenset()) for key, locales in wanted.items())
    told = Survey(
        file.settings, entries, len(wanted), dict(pairs), dict(done), todo, tuple(faults.first), faults.count
    )
    return told, there


class _Faults:
    """Counts all, keeps the first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = 0
        self.first: list[Fault] = []

    def add(self, line: int, told: str) -> tuple[Item, ...]:
        self.count += 1
        if len(self.first) < self._most:
            self.first.append(Fault(line, told))
        return ()


class _Expansion:
    """An entry's stories. Raises RequestError, ContentRejectedError: not to be asked for."""

    def __init__(self, app: App, settings: Catalog) -> None:
        self._app = app
        self._settings = settings
        self._served: dict[str, str] = {}

    def __call__(self, line: int, entry: Entry) -> tuple[Item, ...]:
        settings = self._settings
        locales = tuple(dict.fromkeys(self._locale(tag) for tag in entry.locales or settings.locales))
        audience = entry.audience or settings.audience
        tags = tuple(dict.fromkeys((*settings.tags, *entry.tags)))
        return tuple(
            Item(
                line,
                acceptable(self._app, entry.context, variant, audience).story_id,
                entry.context,
                variant,
                audience,
                tags,
                locales,
            )
            for variant in range(entry.variants or settings.variants)
        )

    def forget_unknown(self, faults: _Faults) -> None:
        """Of the catalog's own languages: told once, and not again for each entry."""
        known = []
        for tag in self._settings.locales:
            try:
                known.append(self._locale(tag))
            except StoriesError as error:
                faults.add(1, f"locales: {error}")
        self._settings = self._settings.model_copy(update={"locales": tuple(known)})

    def _locale(self, tag: str) -> str:
        if tag not in self._served:
            self._served[tag] = chain(self._app, tag, self._settings.experimental).locale
        return self._served[tag]


def made(store: Store, wanted: Iterable[bytes]) -> Made:
    """The locales of each wanted story whose manifest and mp3 are there."""
    ids = set(wanted)
    prefixes = [f"stories/{one.hex()}/" for one in sorted(ids)] if len(ids) <= _FEW else ["stories/"]
    there: dict[bytes, dict[str, set[str]]] = {}
    for key in (key for prefix in prefixes for key in store.list(prefix)):
        _, story_id, *rest = key.split("/")
        if len(rest) != 2 or len(story_id) != 32 or (name := bytes.fromhex(story_id)) not in ids:
            continue
        kind = "mp3" if rest[1].endswith(".mp3") else rest[1]
        there.setdefault(name, {}).setdefault(rest[0], set()).add(kind)
    return {
        name: frozenset(locale for locale, kinds in locales.items() if {"mp3", "manifest.json"} <= kinds)
        for name, locales in there.items()
    }
