"""The table of voices: data/voices.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pipeline.story.locales import language


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """A voice that a story may be asked in.

    name: as people write it, one word of small letters, once in a locale. id: the engine's own name for it.
    about: who speaks, for a person who chooses. quality: a measured word. labels: what a listener must know.
    """

    locale: str
    name: str
    engine: str
    id: str
    about: str
    quality: str
    labels: tuple[str, ...] = ()


def rows() -> tuple[VoiceRow, ...]:
    """All but Polly's, which are in the service's own table."""
    return tuple(VoiceRow(**{**row, "labels": tuple(row.get("labels", ()))}) for row in _table()["voices"])


def paced() -> frozenset[str]:
    """The engines that can speak slower and faster."""
    return frozenset(_table()["paced"])


def sentence(locale: str) -> str:
    """What a voice says to be heard before it is chosen."""
    text: str = _table()["sentences"][language(locale)]
    return text


def _table() -> dict[str, Any]:
    return tomllib.loads(files("pipeline").joinpath("data", "voices.toml").read_text("utf-8"))
