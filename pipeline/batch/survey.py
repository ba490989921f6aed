"""What a catalog file asks for: entries checked once, stories identified, complete editions counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.app import App
from pipeline.batch.complete import Complete, complete_locales
from pipeline.batch.items import Item
from pipeline.batch.models import Catalog, Entry
from pipeline.batch.reading import CatalogFile, bad
from pipeline.batch.tables import one_line
from pipeline.errors import StoriesError
from pipeline.steps.accept import chain, checked_audience, request
from pipeline.steps.idea import checked_idea
from pipeline.types import USUAL_LENGTH

_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Fault:
    line: int
    cause: str


@dataclass(frozen=True, slots=True)
class Survey:
    """pairs: editions that the catalog asks for, by locale; done: those of them that are complete.

    todo_stories: stories with an edition to make; longer: editions to make of a longer length, by
    (length, locale), and with "" for the locale the stories that have some. faults: the first ones;
    fault_count: how many there are.
    """

    file: CatalogFile
    entries: int
    stories: int
    pairs: dict[str, int]
    done: dict[str, int]
    todo_stories: int
    faults: tuple[Fault, ...]
    fault_count: int
    complete: Complete = field(repr=False)
    longer: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        return self.file.settings

    @property
    def todo(self) -> int:
        return sum(self.pairs.values()) - sum(self.done.values())

    def refuse_faults(self) -> None:
        """Raises RequestError ("bad-catalog"), with the first faults."""
        if self.fault_count:
            first = "; ".join(f"line {fault.line}: {one_line(fault.cause)}" for fault in self.faults[:3])
            count = "1 fault" if self.fault_count == 1 else f"{self.fault_count} faults"
            path = self.file.path
            raise bad(f"{path.name} has {count} ({first}): `stories catalog check {path}` shows all")


def survey(
    app: App,
    file: CatalogFile,
    most_faults: int = _MOST_FAULTS,
    keep: Callable[[Item], object] = lambda _: None,
) -> Survey:
    """Reads the whole file and lists the store; writes nothing and calls no engine.

    keep: receives each item as it is read, also where faults follow.
    """
    reader = _Reader(app, file.settings, most_faults)
    entries = 0
    for row in file.rows():
        entries += 1
        if row.entry is None:
            reader.fault(row.line, row.fault)
            continue
        for item in reader.items(row.line, row.entry):
            keep(item)
    if not entries:
        reader.fault(1, "there are no entries")
    wanted = reader.wanted
    complete = complete_locales(app.store, wanted)
    done = Counter(tag for key, locales in complete.items() for tag in locales if tag in wanted[key])

    def todo(key: bytes) -> set[str]:
        return {*wanted[key]} - complete.get(key, frozenset())

    longer = Counter(
        (length, locale)
        for key, length in reader.longer.items()
        if (missing := todo(key))
        for locale in ("", *missing)
    )
    return Survey(
        file=file,
        entries=entries,
        stories=len(wanted),
        pairs=dict(reader.pairs),
        done=dict(done),
        todo_stories=sum(map(bool, map(todo, wanted))),
        faults=tuple(reader.faults),
        fault_count=reader.fault_count,
        complete=complete,
        longer=longer,
    )


class _Reader:
    """Turns entries into items, and gathers faults: counts all, keeps the first."""

    def __init__(self, app: App, settings: Catalog, most_faults: int) -> None:
        self._app, self._settings, self._most_faults = app, settings, most_faults
        self._checked_audiences: dict[str, str] = {}
        self._editions: dict[tuple[str, str, float], str] = {}
        self._lines: dict[bytes, int] = {}  # where each story stands first
        self.wanted: dict[bytes, tuple[str, ...]] = {}
        self.longer: dict[bytes, str] = {}
        self.pairs: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.fault_count = 0
        self._default_locales = tuple(self._known(settings.locales))

    def fault(self, line: int, cause: str) -> None:
        self.fault_count += 1
        if len(self.faults) < self._most_faults:
            self.faults.append(Fault(line, cause))

    def items(self, line: int, entry: Entry) -> Iterator[Item]:
        """An entry's stories; none, and a fault, where it may not be made or was in the file before."""
        try:
            items = self._expanded(line, entry)
        except StoriesError as error:
            self.fault(line, str(error))
            return
        keys = [bytes.fromhex(item.id) for item in items]
        for key, item in zip(keys, items, strict=True):
            if key in self._lines:
                first = self._lines[key]
                self.fault(line, f"the same story as line {first}: list it once, with all its locales")
                return
            self.wanted[key] = item.locales
            self.pairs.update(item.locales)
            if item.length != USUAL_LENGTH:
                self.longer[key] = item.length
            yield item
        self._lines |= dict.fromkeys(keys, line)

    def _expanded(self, line: int, entry: Entry) -> list[Item]:
        """Raises RequestError, ContentRejectedError: the idea, the audience or a locale is not accepted."""
        settings = self._settings
        tags = tuple(dict.fromkeys((*settings.tags, *entry.tags)))
        locales = self._locales(entry)
        idea = checked_idea(self._app, entry.context)
        audience = self._audience(entry.audience or settings.audience)
        length = self._app.offer.length(entry.length or settings.length).name
        return [
            Item(
                line,
                request(self._app, idea, variant, audience, length).story_id,
                idea,
                variant,
                audience,
                tags,
                locales,
                length,
            )
            for variant in range(entry.variants or settings.variants)
        ]

    def _audience(self, text: str) -> str:
        if text not in self._checked_audiences:
            self._checked_audiences[text] = checked_audience(self._app, text)
        return self._checked_audiences[text]

    def _locales(self, entry: Entry) -> tuple[str, ...]:
        """The editions of an entry."""
        settings = self._settings
        voice, pace = entry.voice or settings.voice, entry.pace or settings.pace
        if not entry.locales and (voice, pace) == (settings.voice, settings.pace):
            return self._default_locales
        tags = entry.locales or settings.locales
        return tuple(dict.fromkeys(self._edition(tag, voice, pace) for tag in tags))

    def _edition(self, tag: str, voice: str, pace: float) -> str:
        key = tag, voice, pace
        if key not in self._editions:
            self._editions[key] = chain(self._app, tag, self._settings.experimental, voice, pace).edition
        return self._editions[key]

    def _known(self, tags: Iterable[str]) -> Iterator[str]:
        """The catalog's own locales: one that is not served is one fault, not one for each entry."""
        for tag in dict.fromkeys(tags):
            try:
                yield self._edition(tag, self._settings.voice, self._settings.pace)
            except StoriesError as error:
                self.fault(1, f"locales: {error}")
