"""When the words of a text are spoken: from a voice's own words and phonemes to speech marks.

A voice speaks a cleaned text and cuts it into words of its own, so there are two steps: `Spoken` maps
cleaned to original characters, `first_phonemes` gives the phoneme at which each word begins.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from pipeline.story.text import WORD
from pipeline.types import SpeechMark

_SILENT = frozenset({"Cc", "Cn", "Co", "Cs", "So", "Sk", "Me"})  # emoji and their like: a pause, not a word
_INVISIBLE = frozenset({"Cf"})  # joiners, direction marks, soft hyphens
_VARIATION = range(0xFE00, 0xFE10)


class Anchor(NamedTuple):
    """A spoken word begins: at which character of the text, and with which phoneme."""

    position: int
    phoneme: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """A cleaned text for a voice: NFC, no emoji or controls. origins: each character's original offset."""

    text: str
    origins: tuple[int, ...]

    @classmethod
    def of(cls, original: str) -> Spoken:
        pieces = [
            (character, start)
            for start, cluster in _clusters(original)
            for character in _audible(unicodedata.normalize("NFC", cluster))
        ]
        return cls("".join(character for character, _ in pieces), tuple(start for _, start in pieces))

    def original(self, anchors: Sequence[Anchor]) -> list[Anchor]:
        """The same anchors, by their positions in the original text."""
        last = len(self.origins) - 1
        return [Anchor(self.origins[min(max(0, a.position), last)], a.phoneme) for a in anchors]


def _clusters(text: str) -> list[tuple[int, str]]:
    starts = [i for i, character in enumerate(text) if i == 0 or not unicodedata.combining(character)]
    return [(start, text[start:end]) for start, end in pairwise([*starts, len(text)])]


def _audible(text: str) -> str:
    def audible(character: str) -> str:
        category = unicodedata.category(character)
        if category in _INVISIBLE or ord(character) in _VARIATION:
            return ""
        return " " if category in _SILENT else character

    return "".join(map(audible, text))


def words(text: str) -> list[tuple[int, int]]:
    """(start, end) of the words that get a mark: those that story/text.py counts."""
    return [match.span() for match in WORD.finditer(text) if any(map(str.isalnum, match.group()))]


def first_phonemes(spans: Sequence[tuple[int, int]], anchors: Sequence[Anchor], phonemes: int) -> list[int]:
    """The index of the phoneme that begins each word; `phonemes` is how many there are.

    A word without an anchor was merged into the spoken word before it: they share its phonemes by
    their numbers of letters, which is right to about one phoneme.
    """
    known = _anchored(spans, anchors)
    if 0 not in known:
        known = {0: 0, **known}
    edges = [*known, len(spans)]
    bounds = [*known.values(), phonemes]
    firsts: list[int] = []
    for group, (begin, end) in enumerate(pairwise(edges)):
        firsts += _share(spans[begin:end], bounds[group], bounds[group + 1])
    return firsts


def _anchored(spans: Sequence[tuple[int, int]], anchors: Sequence[Anchor]) -> dict[int, int]:
    """Word -> its first phoneme, ascending in both. An anchor between words belongs to the word after it."""
    ends = [end for _, end in spans]
    known: dict[int, int] = {}
    latest = -1
    for anchor in anchors:
        word = bisect_right(ends, anchor.position)
        if latest < word < len(spans):
            known[word] = anchor.phoneme
            latest = word
    return known


def _share(spans: Sequence[tuple[int, int]], first: int, end: int) -> list[int]:
    letters = [stop - start for start, stop in spans]
    before = [sum(letters[:i]) for i in range(len(letters))]
    return [first + round((end - first) * part / sum(letters)) for part in before]


def speech_marks(
    text: str, spans: Sequence[tuple[int, int]], times_ms: Sequence[float], duration_ms: int
) -> tuple[SpeechMark, ...]:
    """Marks in order: never earlier than the one before, never outside the audio."""
    marks: list[SpeechMark] = []
    floor = 0
    for (start, end), time_ms in zip(spans, times_ms, strict=True):
        floor = max(floor, min(round(time_ms), duration_ms - 1))
        marks.append(SpeechMark(floor, start, end, text[start:end]))
    return tuple(marks)
