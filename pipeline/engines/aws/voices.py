"""Which voices Polly has for our languages: a shipped table, and a newer one where a person made it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import answered
from pipeline.errors import ConfigError
from pipeline.story.locales import language

_STANDARD_ARABIC = "arb"  # ISO 639-3, as only Polly says it; BCP-47 has ar
_MOST = 2_000  # voices that are read of an answer in pages; the service has about a hundred


@dataclass(frozen=True, slots=True)
class PollyVoice:
    """language: Polly's code of it ("nl-BE", "arb"). engines: those that can speak with this voice."""

    id: str
    language: str
    engines: tuple[str, ...]

    def speaks(self, locale: str) -> bool:
        """Whether it is of the locale's language, whatever the region."""
        return _primary(self.language) == language(locale)


@dataclass(frozen=True, slots=True)
class Table:
    """dated: when it was true. locales: our locale -> the voice that speaks it unless told otherwise."""

    dated: str
    locales: Mapping[str, str]
    voices: tuple[PollyVoice, ...]

    def get(self, name: str) -> PollyVoice | None:
        return next((voice for voice in self.voices if voice.id == name), None)

    def speaking(self, locale: str, engine: str) -> tuple[PollyVoice, ...]:
        """Voices for the language of a locale (whatever its region), with this engine."""
        return tuple(one for one in self.voices if one.speaks(locale) and engine in one.engines)


@dataclass(frozen=True, slots=True)
class Changes:
    """What the service says otherwise than a table. table: the new one.

    gone, lost, gained: voices that are no more, or no longer or newly have the engine. new: those of our
    languages that the table did not know and that have it. moved: locale -> the voice that takes the
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
    """The table at `path` where there is one, else the shipped one. Raises ConfigError."""
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
    """Raises ValueError, KeyError or TypeError for what is no table of voices."""
    told = tomllib.loads(toml)
    voices = tuple(PollyVoice(v["id"], v["language"], tuple(v["engines"])) for v in told["voices"])
    locales = dict(told["locales"])
    unknown = set(locales.values()) - {voice.id for voice in voices}
    if unknown:
        raise ValueError(f"no row for the voice {', '.join(sorted(map(str, unknown)))}")
    return Table(str(told["dated"]), locales, voices)


def render(table: Table) -> str:
    """The table as TOML that `parse` reads back."""
    lines = [
        "# Polly's voices for our languages, as DescribeVoices told. Made by `stories voices refresh`.",
        f"dated = {_quoted(table.dated)}",
        "",
        "[locales]",
        *(f"{_quoted(locale)} = {_quoted(voice)}" for locale, voice in table.locales.items()),
    ]
    for voice in table.voices:
        engines = ", ".join(map(_quoted, voice.engines))
        lines += ["", "[[voices]]", f"id = {_quoted(voice.id)}", f"language = {_quoted(voice.language)}"]
        lines.append(f"engines = [{engines}]")
    return "\n".join(lines) + "\n"


def refresh(
    clients: Clients, engine: str = "neural", table: Table | None = None, today: date | None = None
) -> Changes:
    """Ask the service (DescribeVoices, in pages) and compare. Raises EngineError, ConfigError.

    All voices are asked for, not only the engine's: else one that lost the engine would look gone.
    """
    old = table or read_table()
    with answered("polly", "Amazon Polly"):
        pages = clients.get("polly").get_paginator("describe_voices")
        told = list(pages.paginate(PaginationConfig={"MaxItems": _MOST}).search("Voices[]"))
    return compare(old, _ours(told, old), engine, (today or date.today()).isoformat())


def compare(old: Table, told: Iterable[PollyVoice], engine: str, dated: str) -> Changes:
    before = {voice.id: voice for voice in old.voices}
    now = {voice.id: voice for voice in sorted(told, key=lambda one: (one.language, one.id))}
    had = {name for name, voice in before.items() if engine in voice.engines}
    has = {name for name, voice in now.items() if engine in voice.engines}
    fresh = Table(dated, old.locales, tuple(now.values()))
    moved = {
        locale: _instead(fresh, before[voice], engine)
        for locale, voice in old.locales.items()
        if voice in had and voice not in has
    }
    locales = {locale: moved.get(locale, voice) for locale, voice in old.locales.items()}
    return Changes(
        table=Table(dated, {one: voice for one, voice in locales.items() if voice in now}, fresh.voices),
        gone=tuple(sorted(before.keys() - now.keys())),
        lost=tuple(sorted((had - has) & now.keys())),
        gained=tuple(sorted((has - had) & before.keys())),
        new=tuple(now[name] for name in now if name in has and name not in before),
        moved=moved,
    )


def _instead(table: Table, voice: PollyVoice, engine: str) -> str:
    same = (one.id for one in table.voices if one.language == voice.language and engine in one.engines)
    return next(same, "")


def _ours(told: Iterable[Mapping[str, Any]], table: Table) -> list[PollyVoice]:
    """Of the service's voices those of our languages, whatever the region."""
    ours = set(map(language, table.locales)) | {_primary(voice.language) for voice in table.voices}
    found = (PollyVoice(v["Id"], v["LanguageCode"], tuple(sorted(v["SupportedEngines"]))) for v in told)
    return [voice for voice in found if _primary(voice.language) in ours]


def _primary(code: str) -> str:
    return "ar" if code == _STANDARD_ARABIC else language(code)


def _quoted(text: str) -> str:
    return json.dumps(text)  # every JSON string is a TOML string
