"""Word filter: which words of a text are not for a child, by a documented list, behind a Protocol."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from importlib.resources import files
from typing import Any, NamedTuple, Protocol

from pipeline.story.disguise import readings

_PART = re.compile(r"%(\w+)%")


class Unsafe(NamedTuple):
    """kind: of data/unsafe_words.toml, as "violence"; words: those that matched."""

    kind: str
    words: tuple[str, ...]


class WordFilter(Protocol):
    """None, or no words, does not mean that the text is safe."""

    def idea(self, text: str, language: str = "en") -> Unsafe | None:
        """Why an idea is refused: the first kind that matches. language: its primary subtag, where known."""
        ...

    def instructions(self, text: str) -> tuple[str, ...]:
        """Words in an idea that instruct the model instead of naming a story."""
        ...

    def story(self, text: str, language: str) -> tuple[str, ...]:
        """Words for which a story or a translation is refused. language: a primary subtag."""
        ...


@dataclass(frozen=True, slots=True)
class WordListFilter:
    """The list of data/unsafe_words.toml. Compiles what it needs at its first use; thread-safe."""

    spec: Mapping[str, Mapping[str, Any]]
    _compiled: dict[tuple[str, ...], re.Pattern[str]] = field(default_factory=dict)

    def idea(self, text: str, language: str = "en") -> Unsafe | None:
        # A word of one language means harmless things in another ("une rape", turnips in French), so a list
        # counts in its language only; an idea is translated and held against the list again in English.
        matches = (Unsafe(kind, self._kind(text, kind, language)) for kind in self.spec["kinds"])
        return next((unsafe for unsafe in matches if unsafe.words), None)

    def instructions(self, text: str) -> tuple[str, ...]:
        marks = [
            match.group()
            for reading in readings(text)
            for mark in self.spec["instructions"]["marks"]
            if (match := re.search(mark, reading, re.I | re.M))
        ]
        return (*_matches(text, self._pattern("instructions", lists=("any",))), *marks)

    def story(self, text: str, language: str) -> tuple[str, ...]:
        kinds = (self._kind(text, kind, language) for kind in self.spec["kinds"])
        harsh = _matches(text, self._pattern("story", lists=(language,)))
        return tuple(sorted({word for words in (*kinds, harsh) for word in words}))

    def _kind(self, text: str, kind: str, language: str) -> tuple[str, ...]:
        return _matches(
            text,
            self._pattern("kinds", kind, lists=("any", language)),
            self._pattern("kinds", kind, lists=("spared",)),
        )

    def _pattern(self, *tables: str, lists: tuple[str, ...]) -> re.Pattern[str]:
        """Any of these lists of the inner table, as whole words."""
        key = (*tables, *lists)
        if key not in self._compiled:
            table = reduce(lambda outer, name: outer[name], tables, self.spec)
            patterns = [self._whole(pattern) for name in lists for pattern in table.get(name, ())]
            whole = rf"(?<!\w)(?:{'|'.join(patterns) or '(?!)'})(?!\w)"
            self._compiled[key] = re.compile(whole, re.IGNORECASE)
        return self._compiled[key]

    def patterns(self) -> Iterator[tuple[str, str]]:
        """Each with the name of its list."""
        instructions, story = self.spec["instructions"], self.spec["story"]
        for table in (instructions, story, *self.spec["kinds"].values()):
            for name, listed in table.items():
                yield from ((name, self._whole(pattern)) for pattern in listed)

    def _whole(self, pattern: str) -> str:
        """With its parts in their places, and words that may hold an apostrophe."""
        pattern = pattern.replace(r"\w+", r"[\w'’]+")
        return _PART.sub(lambda name: self._whole(self.spec["parts"][name[1]]), pattern)


def word_filter() -> WordListFilter:
    return WordListFilter(
        tomllib.loads(files("pipeline").joinpath("data", "unsafe_words.toml").read_text("utf-8"))
    )


def _matches(text: str, pattern: re.Pattern[str], spared: re.Pattern[str] | None = None) -> tuple[str, ...]:
    # A sign that no pattern passes over stands for what only sounds so.
    plain = [spared.sub("\0", reading) if spared else reading for reading in readings(text)]
    matches = (match.group() for each in plain for match in pattern.finditer(each))
    return tuple(sorted({match.strip().lower() for match in matches}))
