"""Polly's speech marks as ours: byte offsets become character offsets, its words become our words."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from pipeline.engines.aws.ssml import Document
from pipeline.errors import EngineError
from pipeline.story.text import WORD
from pipeline.types import SpeechMark

Span = tuple[int, int]


class Mark(NamedTuple):
    """A word mark of the service. start, end: byte offsets in the document that was sent."""

    time_ms: int
    start: int
    end: int


def read(stream: bytes) -> tuple[Mark, ...]:
    """The word marks of a reply, in its order. Raises EngineError (bad-marks).

    `value` is ignored: the service is known to cut it inside a UTF-8 character (aws-sdk-js
    issue 1683), which is also why such bytes are replaced.
    """
    lines = stream.decode("utf-8", errors="replace").split("\n")  # JSON may hold what splitlines() cuts at
    try:
        values: list[Any] = [json.loads(line) for line in lines if line.strip()]
        return tuple(_mark(value) for value in values if value["type"] == "word")
    except (ValueError, KeyError, TypeError) as error:
        raise _bad("cannot be read") from error


def align(text: str, document: Document, marks: Sequence[Mark], duration_ms: int) -> tuple[SpeechMark, ...]:
    """A mark for each of our words in order; times never fall, and lie within the audio.

    A word without a mark of the service shares the time of the word before it, by their letters.
    Raises EngineError (bad-marks) where no word has a mark.
    """
    spans = words(text)
    known = _begins(spans, document, marks)
    if not known:
        raise _bad("name no word")
    times = _times(spans, known, duration_ms)
    aligned: list[SpeechMark] = []
    floor = 0
    for (start, end), time_ms in zip(spans, times, strict=True):
        floor = max(floor, min(round(time_ms), duration_ms - 1))
        aligned.append(SpeechMark(floor, start, end, text[start:end]))
    return tuple(aligned)


def words(text: str) -> list[Span]:
    """The spans of the words that `pipeline.story.text.words` counts."""
    return [match.span() for match in WORD.finditer(text) if any(map(str.isalnum, match.group()))]


def _mark(value: Mapping[str, Any]) -> Mark:
    mark = Mark(value["time"], value["start"], value["end"])
    if not all(isinstance(number, int) for number in mark):
        raise ValueError(mark)
    return mark


def _begins(spans: Sequence[Span], document: Document, marks: Iterable[Mark]) -> dict[int, int]:
    """Index of a word -> its begin in ms, ascending in both; only words at whose beginning a mark is.

    A mark over several of our words ("25-year") begins the first of them; of several marks over one
    word ("don" and "'t") the first counts; a mark over none (a dash) is passed over.
    """
    ends = [end for _, end in spans]
    known: dict[int, int] = {}
    latest = -1
    for mark in sorted(marks, key=lambda mark: mark.time_ms):
        characters = document.characters(mark.start, mark.end)
        if characters is None:
            continue
        word = bisect_right(ends, characters[0])
        if latest < word < len(spans) and spans[word][0] < characters[1]:
            known[word] = mark.time_ms
            latest = word
    return known


def _times(spans: Sequence[Span], known: Mapping[int, int], duration_ms: int) -> list[float]:
    begun = {0: 0, **known}
    edges = [*begun, len(spans)]
    bounds = [*begun.values(), max(duration_ms, *begun.values())]
    times: list[float] = []
    for group, (begin, end) in enumerate(pairwise(edges)):
        letters = [stop - start for start, stop in spans[begin:end]]
        length = bounds[group + 1] - bounds[group]
        times += [bounds[group] + length * sum(letters[:i]) / sum(letters) for i in range(len(letters))]
    return times


def _bad(what: str) -> EngineError:
    return EngineError(f"Polly's speech marks {what}: run it again", engine="polly", problem="bad-marks")
