"""Parts that books and pages share."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from pipeline.exports.markup import node
from pipeline.exports.transcript import Transcript
from pipeline.exports.words import words


def language(edition: Transcript) -> dict[str, str]:
    """The attributes of an element in the edition's language."""
    return {"lang": edition.locale, "xml:lang": edition.locale, "dir": edition.direction}


def notes(editions: Sequence[Transcript]) -> list[Element]:
    """Paragraphs: that AI made it, in each language, then which engines."""
    paragraphs = [node("p", language(each), each.note) for each in editions]
    for each in editions:
        names = node("bdi", {"dir": "ltr"}, each.engines)
        attributes = {**language(each), "class": "engines"}
        paragraphs.append(node("p", attributes, f"{words(each.locale).engines} ", names))
    return paragraphs
