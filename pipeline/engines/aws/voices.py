"""Polly's voices for our languages: a shipped table, or a newer file by `stories voices refresh`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import mapped_errors
from pipeline.errors import ConfigError
from pipeline.story.locales import language

_STANDARD_ARABIC = "arb"  # ISO 639-3, in Polly only; BCP-47 has ar
_SPEAKERS = {"Female": "a woman", "Male": "a man"}  # by DescribeVoices' Gender
_MAX_VOICES = 2_000  # read from all pages; the service has about a hundred


@dataclass(frozen=True, slots=True)
class PollyVoice:
    """language: Polly's code of it ("nl-BE", "arb"). engines: those that can speak with this voice.

    about: who speaks, for a person who chooses.
    """

    id: str
    language: str
    engines: tuple[str, ...]
    about: str = ""

    def speaks(self, locale: str) -> bool:
        """Whether it is of the locale's language, whatever the region."""
        return _primary(self.language) == language(locale)


@dataclass(frozen=True, slots=True)
class Table:
    """dated: the date of the data. locales: our locale -> the voice that speaks it by default."""

    dated: str
    locales: Mapping[str, str]
    voices: tuple[PollyVoice, ...]

    def get(self, name: str) -> PollyVoice | None:
        return next((voice for voice in self.voices if voice.id == name), None)

    def speaking(self, locale: str, engine: str) -> tuple[PollyVoice, ...]:
        """Voices for the language of a locale (whatever its region), with this engine."""
        return tuple(voice for voice in self.voices if voice.speaks(locale) and engine in voice.engines)

    def choices(self, engine: str) -> Iterator[tuple[str, PollyVoice]]:
        """Each voice with this engine, in the locale of its region, or in that of its language."""
        regions = {
            voice.language: locale for locale, name in self.locales.items() if (voice := self.get(name))
        }
        for voice in self.voices:
            locale = regions.get(voice.language, _primary(voice.language))
            if engine in voice.engines and locale in self.locales:
                yield locale, voice


@dataclass(frozen=True, slots=True)
class Changes:
    """How the service differs from a table. table: the new table.

    gone, lost, gained: voices that no longer exist, that lost or that gained the engine. new: voices of our
    languages with the engine that the table lacked. moved: locale -> the voice that takes the
    place of one that can no longer speak it; "" where there is none, and the locale is left out.
    """

    table: Table
    gone: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    new: tuple[PollyVoice, ...] = ()
    moved: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any((self.gone, self.lost, self.gained, self.new, self.moved))


def read_table(path: Path | None = None) -> Table:
    """The table at `path` where that exists, else the shipped table. Raises ConfigError."""
    try:
        if path is not None and path.exists():
            return parse(path.read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"cannot read the table of voices {path} ({error}): delete it, or run `stories voices refresh`",
            problem="bad-voices",
        ) from error
    return parse(files("pipeline").joinpath("data", "polly_voices.toml").read_text("utf-8"))


def parse(toml: str) -> Table:
    """Raises ValueError, KeyError or TypeError where it is no table of voices."""
    table = tomllib.loads(toml)
    voices = tuple(
        PollyVoice(v["id"], v["language"], tuple(v["engines"]), str(v.get("about", "")))
        for v in table["voices"]
    )
    locales = dict(table["locales"])
    unknown = set(locales.values()) - {voice.id for voice in voices}
    if unknown:
        raise ValueError(f"no row for the voice {', '.join(sorted(map(str, unknown)))}")
    return Table(str(table["dated"]), locales, voices)


def render(table: Table) -> str:
    """The table as TOML that `parse` reads back."""
    lines = [
        "# Polly's voices for our languages, by DescribeVoices. Written by `stories voices refresh`.",
        f"dated = {_quoted(table.dated)}",
        "voices = [",
        *(
            f"    {{ id = {_quoted(voice.id)}, language = {_quoted(voice.language)}, "
            f"engines = [{', '.join(map(_quoted, voice.engines))}]"
            f"{f', about = {_quoted(voice.about)}' if voice.about else ''} }},"
            for voice in table.voices
        ),
        "]",
        "",
        "[locales]",
        *(f"{_quoted(locale)} = {_quoted(voice)}" for locale, voice in table.locales.items()),
    ]
    return "\n".join(lines) + "\n"


def refresh(
    clients: Clients, engine: str = "neural", table: Table | None = None, today: date | None = None
) -> Changes:
    """Compares the table with the service (DescribeVoices, in pages). Raises EngineError, ConfigError.

    It lists all voices, not only the engine's: a voice that lost the engine would otherwise look gone.
    """
    old = table or read_table()
    with mapped_errors("polly", "Amazon Polly"):
        pages = clients.get("polly").get_paginator("describe_voices")
        rows = list(pages.paginate(PaginationConfig={"MaxItems": _MAX_VOICES}).search("Voices[]"))
    return compare(old, _ours(rows, old), engine, (today or date.today()).isoformat())


def compare(old: Table, voices: Iterable[PollyVoice], engine: str, dated: str) -> Changes:
    before = {voice.id: voice for voice in old.voices}
    now = {voice.id: voice for voice in sorted(voices, key=lambda voice: (voice.language, voice.id))}
    had = {name for name, voice in before.items() if engine in voice.engines}
    has = {name for name, voice in now.items() if engine in voice.engines}
    fresh = Table(dated, old.locales, tuple(now.values()))
    moved = {
        locale: _successor(fresh, before[voice], engine)
        for locale, voice in old.locales.items()
        if voice in had and voice not in has
    }
    locales = {locale: moved.get(locale, voice) for locale, voice in old.locales.items()}
    return Changes(
        table=Table(
            dated, {locale: voice for locale, voice in locales.items() if voice in now}, fresh.voices
        ),
        gone=tuple(sorted(before.keys() - now.keys())),
        lost=tuple(sorted((had - has) & now.keys())),
        gained=tuple(sorted((has - had) & before.keys())),
        new=tuple(now[name] for name in now if name in has and name not in before),
        moved=moved,
    )


def _successor(table: Table, voice: PollyVoice, engine: str) -> str:
    successors = (
        other.id for other in table.voices if other.language == voice.language and engine in other.engines
    )
    return next(successors, "")


def _ours(rows: Iterable[Mapping[str, Any]], table: Table) -> list[PollyVoice]:
    """The service's voices of our languages, whatever the region; what the table says about one is kept."""
    ours = set(map(language, table.locales)) | {_primary(voice.language) for voice in table.voices}
    words = {voice.id: voice.about for voice in table.voices}
    voices = (
        PollyVoice(
            v["Id"],
            v["LanguageCode"],
            tuple(sorted(v["SupportedEngines"])),
            words.get(v["Id"]) or _SPEAKERS.get(v.get("Gender", ""), ""),
        )
        for v in rows
    )
    return [voice for voice in voices if _primary(voice.language) in ours]


def _primary(code: str) -> str:
    return "ar" if code == _STANDARD_ARABIC else language(code)


def _quoted(text: str) -> str:
    return json.dumps(text)  # every JSON string is a TOML string
