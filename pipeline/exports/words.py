"""The words around a story, in its language: data/exports.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from pipeline.story.locales import language
from pipeline.types import Manifest

_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})


@dataclass(frozen=True, slots=True)
class Words:
    """name: of the shelf. note: that AI made story and voice. engines: comes before their names.

    labels: by a manifest's label.
    """

    name: str
    note: str
    engines: str
    contents: str
    cover: str
    labels: Mapping[str, str]


def words(locale: str) -> Words:
    """English for a language without words of its own."""
    table = tomllib.loads(files("pipeline").joinpath("data", "exports.toml").read_text("utf-8"))
    return Words(**table.get(language(locale), table["en"]))


def note(manifest: Manifest) -> str:
    """That it was made by AI, and what a listener must know, in the story's language."""
    own = words(manifest.locale)
    labels = (own.labels.get(label.replace(" ", "-"), label) for label in manifest.labels)
    return " ".join((own.note, *labels))


def direction(locale: str) -> str:
    """Of its writing, as HTML's `dir`: "ltr" or "rtl"."""
    return "rtl" if language(locale) in _RIGHT_TO_LEFT else "ltr"
