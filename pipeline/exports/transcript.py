"""The transcript of an edition: its sentences and words, each with its time in the whole mp3.

All exports are made of this. Its texts are safe for any of their formats but for the format's own escapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pipeline.exports.words import direction, note
from pipeline.steps.id3 import Chapter, chapters
from pipeline.storage import editions, keys
from pipeline.storage.integrity import damaged
from pipeline.story.plain_text import unseen
from pipeline.types import Manifest, ManifestSegment, Story

# Stands for a sign that may not be shown.
_LOST = "\ufffd"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters: a word, or what stands between words.

    begin_ms: when the word begins; None for what is no word, or has no time of its own.
    """

    text: str
    begin_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """pieces: the whole text, in order. begin_ms, end_ms: with the pause to the next sentence.

    spoken_ms: where that pause begins.
    """

    begin_ms: int
    end_ms: int
    pieces: tuple[Piece, ...]
    spoken_ms: int

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Transcript:
    """story_id, locale, mp3 (a key), duration_ms, voice, pace: as in Manifest.

    mp3_bytes: its length, 0 in older stores, which do not say it. direction: of its writing, "ltr" or
    "rtl". note: that AI made it, in its language. engines: their names. english, idea: what its picture is
    made of; None where that text is not to be had. scenes: as in Manifest.
    """

    story_id: str
    locale: str
    voice: str
    pace: float
    title: str
    direction: str
    sentences: tuple[Sentence, ...]
    mp3: str
    mp3_bytes: int
    duration_ms: int
    note: str
    engines: str
    english: Story | None = None
    idea: str = ""
    scenes: tuple[int, ...] = ()

    @property
    def edition(self) -> str:
        return editions.of(self)

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """Of its scenes; none where there is one."""
        return chapters(
            self.title, [self.sentences[first].begin_ms for first in self.scenes], self.duration_ms
        )


def transcript(manifest: Manifest) -> Transcript:
    """Raises DamagedError: what the manifest says cannot be a story."""
    try:
        sentences = tuple(_sentences(manifest))
        scenes = _scenes(manifest)
        size = manifest.files[manifest.mp3].size if manifest.mp3 in manifest.files else 0
        engines = ", ".join(manifest.engines.values())
        texts = [_safe(text) for text in (manifest.title, note(manifest), engines)]
    except (TypeError, AttributeError, ValueError, OverflowError) as error:
        raise damaged(keys.manifest(manifest.story_id, editions.of(manifest))) from error
    title, its_note, its_engines = texts
    return Transcript(
        manifest.story_id,
        manifest.locale,
        manifest.voice,
        manifest.pace,
        title,
        direction(manifest.locale),
        sentences,
        manifest.mp3,
        size,
        manifest.duration_ms,
        its_note,
        its_engines,
        scenes=scenes,
    )


def _sentences(manifest: Manifest) -> Iterator[Sentence]:
    """Raises ValueError: no sentences, or times that do not go on."""
    starts = [int(segment.start_ms) for segment in manifest.segments]
    bounds = list(pairwise((*starts, int(manifest.duration_ms))))
    if not bounds or bounds[0][0] < 0 or any(begin >= end for begin, end in bounds):
        raise ValueError("the times of the sentences do not go on")
    for segment, (begin, end) in zip(manifest.segments, bounds, strict=True):
        pieces = tuple(_pieces(segment, begin, end))
        latest = max((piece.begin_ms or begin for piece in pieces), default=begin)
        spoken = max(begin + int(segment.duration_ms), latest + 1)
        yield Sentence(begin, end, pieces, min(spoken, end))


def _scenes(manifest: Manifest) -> tuple[int, ...]:
    """Raises ValueError: they do not begin with the first sentence, or do not go on."""
    starts = tuple(int(first) for first in manifest.scenes)
    if starts and (starts[0] != 0 or any(a >= b for a, b in pairwise((*starts, len(manifest.segments))))):
        raise ValueError("the scenes do not go on")
    return starts


def _pieces(segment: ManifestSegment, begin: int, end: int) -> Iterator[Piece]:
    """A mark that overlaps the one before, or begins with it, is left out: its word stays without a time."""
    text, at, last = segment.text, 0, begin - 1
    for mark in segment.marks:
        time = begin + int(mark.time_ms)
        if mark.start < at or not mark.start < mark.end <= len(text) or not last < time < end:
            continue
        if mark.start > at:
            yield Piece(_safe(text[at : mark.start]))
        yield Piece(_safe(text[mark.start : mark.end]), time)
        at, last = mark.end, time
    if at < len(text):
        yield Piece(_safe(text[at:]))


def _safe(text: str) -> str:
    """As long as before: a line's end is a blank, a sign that is not to be seen is U+FFFD."""
    if text.isprintable():
        return text
    return "".join((" " if char.isspace() else _LOST) if unseen(char) else char for char in text)
