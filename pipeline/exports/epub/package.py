"""The package document: what the book is, what is in it, in which order (EPUB 3.3, section 5)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from pipeline.exports.artwork import Picture
from pipeline.exports.epub.names import STORY, sound
from pipeline.exports.epub.overlay import clock, duration_ms
from pipeline.exports.markup import node, xml
from pipeline.exports.provenance.claim import TRAINED, source_uri
from pipeline.exports.transcript import Transcript

ACTIVE_CLASS = "spoken"
# A manifest has no dates, so that equal stories are equal bytes; another content has another identifier.
_MODIFIED = "2000-01-01T00:00:00Z"
_NAMESPACES = {
    "xmlns": "http://www.idpf.org/2007/opf",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "version": "3.0",
    "unique-identifier": "id",
}
_ACCESSIBILITY = (
    ("accessMode", "textual"),
    ("accessMode", "auditory"),
    ("accessModeSufficient", "textual"),
    ("accessibilityFeature", "alternativeText"),
    ("accessibilityFeature", "displayTransformability"),
    ("accessibilityFeature", "readingOrder"),
    ("accessibilityFeature", "structuralNavigation"),
    ("accessibilityFeature", "synchronizedAudioText"),
    ("accessibilityFeature", "tableOfContents"),
    ("accessibilityHazard", "none"),
    (
        "accessibilitySummary",
        "All of the story is text; it is also read aloud, each word marked as it is spoken.",
    ),
)
_XHTML = "application/xhtml+xml"


def package(editions: Sequence[Transcript], picture: Picture, picture_name: str) -> bytes:
    first = editions[0]
    language = {"xml:lang": first.locale, "dir": first.direction}
    spine = node(
        "spine",
        {"page-progression-direction": first.direction},
        node("itemref", {"idref": "cover"}),
        node("itemref", {"idref": "story"}),
    )
    children = (_metadata(editions), _items(editions, picture, picture_name), spine)
    return xml(node("package", {**_NAMESPACES, **language}, *children))


def _metadata(editions: Sequence[Transcript]) -> Element:
    names = " ".join(each.mp3 for each in editions)
    identifier = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, names)}"
    spoken = clock(duration_ms(editions))
    languages = dict.fromkeys(each.locale for each in editions)
    return node(
        "metadata",
        {},
        node("dc:identifier", {"id": "id"}, identifier),
        *(
            node("dc:title", {"xml:lang": each.locale, "dir": each.direction}, each.title)
            for each in editions
        ),
        *(node("dc:language", {}, language) for language in languages),
        node("dc:creator", {}, "AI"),
        *(
            node("dc:description", {"xml:lang": each.locale, "dir": each.direction}, each.note)
            for each in editions
        ),
        _meta("dcterms:modified", _MODIFIED),
        _meta("schema:digitalSourceType", source_uri(TRAINED)),
        *(_meta(f"schema:{name}", value) for name, value in _ACCESSIBILITY),
        _meta("media:active-class", ACTIVE_CLASS),
        _meta("media:duration", spoken),
        node("meta", {"property": "media:duration", "refines": "#overlay"}, spoken),
    )


def _meta(name: str, value: str) -> Element:
    return node("meta", {"property": name}, value)


def _items(editions: Sequence[Transcript], picture: Picture, picture_name: str) -> Element:
    sounds = (_item(f"sound{place + 1}", sound(place), "audio/mpeg") for place in range(len(editions)))
    return node(
        "manifest",
        {},
        _item("nav", "nav.xhtml", _XHTML, properties="nav"),
        _item("cover", "cover.xhtml", _XHTML),
        _item("story", STORY, _XHTML, **{"media-overlay": "overlay"}),
        _item("overlay", "story.smil", "application/smil+xml"),
        _item("style", "style.css", "text/css"),
        _item("picture", picture_name, picture.media_type, properties="cover-image"),
        *sounds,
    )


def _item(name: str, target: str, media_type: str, **more: str) -> Element:
    return node("item", {"id": name, "href": target, "media-type": media_type, **more})
