"""Word filter: which words of a text are not for a child, by a documented list, behind a Protocol."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol


class WordFilter(Protocol):
    """Each method returns the words that matched; none does not mean that the text is safe."""

    def idea(self, text: str, language: str = "en") -> tuple[str, ...]:
        """Words for which an idea is refused. language: its primary subtag, where known."""
        ...

    def instructions(self, text: str) -> tuple[str, ...]:
        """Words in an idea that instruct the model instead of naming a story."""
        ...

    def story(self, text: str, language: str) -> tuple[str, ...]:
        """Words for which a story or a translation is refused. language: a primary subtag."""
        ...


@dataclass(frozen=True, slots=True)
class WordListFilter:
    """The list of data/unsafe_words.toml."""

    spec: Mapping[str, Mapping[str, Any]]

    def idea(self, text: str, language: str = "en") -> tuple[str, ...]:
        # English apart, short foreign words mean harmless things in other languages, so those count
        # only in the language told; an idea is translated and screened again in English.
        never = self.spec["never"]
        return _matches(text, [*never["en"], *(never.get(language, ()) if language != "en" else ())])

    def instructions(self, text: str) -> tuple[str, ...]:
        table = self.spec["instructions"]
        plain = _plain(text)
        marks = [match.group() for mark in table["marks"] if (match := re.search(mark, plain, re.I | re.M))]
        return (*_matches(text, table["any"]), *marks)

    def story(self, text: str, language: str) -> tuple[str, ...]:
        patterns = [*self.spec["never"].get(language, ()), *self.spec["story"].get(language, ())]
        return _matches(text, patterns)


def word_filter() -> WordListFilter:
    return WordListFilter(
        tomllib.loads(files("pipeline").joinpath("data", "unsafe_words.toml").read_text("utf-8"))
    )


def _matches(text: str, patterns: list[str]) -> tuple[str, ...]:
    if not patterns:
        return ()
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)", re.IGNORECASE)
    return tuple(sorted({match.group().lower() for match in pattern.finditer(_plain(text))}))


def _plain(text: str) -> str:
    """Without what hides a word from a list: joiners inside it, look-alike letters, vowel signs."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(char for char in folded if not _hides(char))


def _hides(char: str) -> bool:
    return unicodedata.category(char) == "Cf" or "\u064b" <= char <= "\u065f" or char in "\u0640\u0670"
