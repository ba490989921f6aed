"""The media overlay: which part of which sound belongs to which word (EPUB 3.3, section 9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element

from pipeline.exports.beside import rows
from pipeline.exports.epub.names import STORY, sentence_id, sound, word_id
from pipeline.exports.markup import node, xml
from pipeline.exports.transcript import Sentence, Transcript

# How late a reading app stops: many look at the sound's time four times a second.
_LATE_MS = 250
_NAMESPACES = {"xmlns": "http://www.w3.org/ns/SMIL", "xmlns:epub": "http://www.idpf.org/2007/ops"}


def overlay(editions: Sequence[Transcript]) -> bytes:
    """SMIL, in reading order: of two languages a sentence of the one, then of the other."""
    sequences = (
        _sequence(sentence, place, number, _end_ms(sentence, editions))
        for number, row in enumerate(rows(editions))
        for place, (_, sentence) in enumerate(row)
    )
    return xml(node("smil", {**_NAMESPACES, "version": "3.0"}, node("body", {}, *sequences)))


def duration_ms(editions: Sequence[Transcript]) -> int:
    """Of all that the overlay plays: the sounds without what comes before their first sentences."""
    sentences = (sentence for edition in editions for sentence in edition.sentences)
    return sum(_end_ms(sentence, editions) - sentence.begin_ms for sentence in sentences)


def clock(ms: int) -> str:
    """A clock value of SMIL, in seconds."""
    return f"{ms // 1000}.{ms % 1000:03}s"


def _end_ms(sentence: Sentence, editions: Sequence[Transcript]) -> int:
    """Where the other language follows, in the pause: a reading app that stops late then plays silence, not
    the beginning of a sentence whose turn it is not.
    """
    if len(editions) == 1:
        return sentence.end_ms
    return max(sentence.spoken_ms, sentence.end_ms - _LATE_MS)


def _sequence(sentence: Sentence, place: int, number: int, end_ms: int) -> Element:
    name = sentence_id(place, number)
    parts = [
        node(
            "par",
            {"id": f"par-{element}"},
            node("text", {"src": f"{STORY}#{element}"}),
            node("audio", {"src": sound(place), "clipBegin": clock(begin), "clipEnd": clock(end)}),
        )
        for element, begin, end in _clips(sentence, place, number, end_ms)
    ]
    return node("seq", {"id": f"seq-{name}", "epub:textref": f"{STORY}#{name}"}, *parts)


def _clips(sentence: Sentence, place: int, number: int, end_ms: int) -> Iterator[tuple[str, int, int]]:
    """(element, begin, end), without gaps: what sounds between two words belongs to the first."""
    begins = [piece.begin_ms for piece in sentence.pieces if piece.begin_ms is not None]
    if not begins:
        yield sentence_id(place, number), sentence.begin_ms, end_ms
    bounds = (sentence.begin_ms, *begins[1:], end_ms)
    for word, (begin, end) in enumerate(pairwise(bounds) if begins else ()):
        yield word_id(place, number, word), begin, end
