"""Is a text fit for a child? A documented list of words and patterns, behind a Protocol."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol


class Screen(Protocol):
    """Findings are the words that matched; none means that nothing was found, not that all is well."""

    def idea(self, text: str) -> tuple[str, ...]:
        """Why an idea may not be asked."""
        ...

    def instructions(self, text: str) -> tuple[str, ...]:
        """What in an idea talks to the model instead of naming a story."""
        ...

    def story(self, text: str, language: str) -> tuple[str, ...]:
        """Why a story or a translation may not be told. language: a primary subtag."""
        ...


@dataclass(frozen=True, slots=True)
class WordScreen:
    """The list of data/screen.toml. An idea is held against every language's words: any may be typed."""

    spec: Mapping[str, Mapping[str, Any]]

    def idea(self, text: str) -> tuple[str, ...]:
        # English apart, short foreign words mean harmless things in other languages, so those count
        # only in the language told; an idea is translated and screened again in English.
        return _found(text, self.spec["never"]["en"])

    def instructions(self, text: str) -> tuple[str, ...]:
        table = self.spec["instructions"]
        marks = [match.group() for mark in table["marks"] if (match := re.search(mark, text, re.I | re.M))]
        return (*_found(text, table["any"]), *marks)

    def story(self, text: str, language: str) -> tuple[str, ...]:
        patterns = [*self.spec["never"].get(language, ()), *self.spec["story"].get(language, ())]
        return _found(text, patterns)


def word_screen() -> WordScreen:
    return WordScreen(tomllib.loads(files("pipeline").joinpath("data", "screen.toml").read_text("utf-8")))


def _found(text: str, patterns: list[str]) -> tuple[str, ...]:
    if not patterns:
        return ()
    one = re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)
    return tuple(sorted({match.group().lower() for match in one.finditer(text)}))
