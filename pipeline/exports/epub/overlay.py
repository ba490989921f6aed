"""The media overlay: which part of which sound belongs to which word (EPUB 3.3, section 9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.etree.ElementTree import Element

from pipeline.exports.beside import rows
from pipeline.exports.epub.names import STORY, sentence_id, sound, word_id
from pipeline.exports.markup import node, xml
from pipeline.exports.transcript import Sentence, Transcript

_NAMESPACES = {"xmlns": "http://www.w3.org/ns/SMIL", "xmlns:epub": "http://www.idpf.org/2007/ops"}


def overlay(editions: Sequence[Transcript]) -> bytes:
    """SMIL, in reading order: of two languages a sentence of the one, then of the other."""
    sequences = (
        _sequence(sentence, place, number)
        for number, row in enumerate(rows(editions))
        for place, (_, sentence) in enumerate(row)
    )
    return xml(node("smil", {**_NAMESPACES, "version": "3.0"}, node("body", {}, *sequences)))


def duration_ms(editions: Sequence[Transcript]) -> int:
    """Of all that the overlay plays: the sounds without what comes before their first sentences."""
    return sum(sentence.end_ms - sentence.begin_ms for edition in editions for sentence in edition.sentences)


def clock(ms: int) -> str:
    """A clock value of SMIL, in seconds."""
    return f"{ms // 1000}.{ms % 1000:03}s"


def _sequence(sentence: Sentence, place: int, number: int) -> Element:
    name = sentence_id(place, number)
    parts = [
        node(
            "par",
            {"id": f"par-{element}"},
            node("text", {"src": f"{STORY}#{element}"}),
            node("audio", {"src": sound(place), "clipBegin": clock(begin), "clipEnd": clock(end)}),
        )
        for element, begin, end in _clips(sentence, place, number)
    ]
    return node("seq", {"id": f"seq-{name}", "epub:textref": f"{STORY}#{name}"}, *parts)


def _clips(sentence: Sentence, place: int, number: int) -> Iterator[tuple[str, int, int]]:
    """(element, begin, end), without gaps: what sounds between two words belongs to the first."""
    begins = [piece.begin_ms for piece in sentence.pieces if piece.begin_ms is not None]
    if not begins:
        yield sentence_id(place, number), sentence.begin_ms, sentence.end_ms
    bounds = (sentence.begin_ms, *begins[1:], sentence.end_ms)
    for word, (begin, end) in enumerate(pairwise(bounds) if begins else ()):
        yield word_id(place, number, word), begin, end
