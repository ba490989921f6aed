"""The pages of a book: its cover, its story and its table of contents, as XHTML."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from xml.etree.ElementTree import Element

from pipeline.exports.artwork import Picture
from pipeline.exports.beside import rows
from pipeline.exports.epub.names import STORY, scene_id, sentence_id, word_id
from pipeline.exports.fragments import language, notes
from pipeline.exports.markup import Child, node, xml
from pipeline.exports.transcript import Sentence, Transcript
from pipeline.exports.words import words

_NAMESPACES = {"xmlns": "http://www.w3.org/1999/xhtml", "xmlns:epub": "http://www.idpf.org/2007/ops"}


def cover(first: Transcript, picture: Picture, source: str) -> bytes:
    """source: the picture's name."""
    image = node("img", {"src": source, "alt": picture.alt, "role": "doc-cover"})
    return _page(first, node("section", {"epub:type": "cover", "class": "cover"}, image))


def story(editions: Sequence[Transcript]) -> bytes:
    """One language: running text. Two: sentence by sentence, beside each other where there is room.

    A scene of a longer story is a section, which the table of contents names.
    """
    first, *others = editions
    subtitles = [
        node("p", {**language(each), "role": "doc-subtitle", "class": "subtitle"}, each.title)
        for each in others
    ]
    chapter = node(
        "section",
        {"epub:type": "bodymatter chapter", "role": "doc-chapter", "aria-labelledby": "title"},
        node("h1", {"id": "title"}, first.title),
        *subtitles,
        *_scenes(editions),
    )
    return _page(first, chapter, _colophon(editions))


def contents(first: Transcript) -> bytes:
    """The navigation document."""
    own = words(first.locale)
    links = node("ol", {}, _item("cover.xhtml", own.cover, "cover"), _item(STORY, first.title, "bodymatter"))
    scenes = [_item(f"{STORY}#{scene_id(n)}", scene.title) for n, scene in enumerate(first.chapters)]
    reading = _item(STORY, first.title)
    if scenes:
        reading.append(node("ol", {}, *scenes))
    toc = node(
        "nav",
        {"epub:type": "toc", "role": "doc-toc", "aria-labelledby": "contents"},
        node("h1", {"id": "contents"}, own.contents),
        node("ol", {}, _item("cover.xhtml", own.cover), reading),
    )
    return _page(first, toc, node("nav", {"epub:type": "landmarks", "hidden": "hidden"}, links))


def _item(target: str, text: str, kind: str = "") -> Element:
    return node("li", {}, node("a", {"href": target, **({"epub:type": kind} if kind else {})}, text))


def _page(first: Transcript, *body: Child) -> bytes:
    head = node(
        "head",
        {},
        node("title", {}, first.title),
        node("link", {"rel": "stylesheet", "type": "text/css", "href": "style.css"}),
    )
    return xml(
        node("html", {**_NAMESPACES, **language(first)}, head, node("body", {}, *body)), "<!DOCTYPE html>\n"
    )


def _scenes(editions: Sequence[Transcript]) -> list[Element]:
    """A section each; of a story of one scene its text alone."""
    first, length = editions[0], len(editions[0].sentences)
    text = _pairs if len(editions) > 1 else _running
    parts = zip(first.chapters, pairwise((*first.scenes, length)), strict=True)
    sections = [
        node(
            "section",
            {"id": scene_id(number), "aria-label": scene.title},
            *text(editions, begin, end),
        )
        for number, (scene, (begin, end)) in enumerate(parts)
    ]
    return sections or text(editions, 0, length)


def _running(editions: Sequence[Transcript], begin: int, end: int) -> list[Element]:
    children: list[Child] = []
    for number, sentence in islice(enumerate(editions[0].sentences), begin, end):
        children += [node("span", {"id": sentence_id(0, number)}, *_words(sentence, 0, number)), " "]
    return [node("p", {}, *children[:-1])]


def _pairs(editions: Sequence[Transcript], begin: int, end: int) -> list[Element]:
    return [
        node("div", {"class": "pair"}, *(_side(*side, place, number) for place, side in enumerate(row)))
        for number, row in islice(enumerate(rows(editions)), begin, end)
    ]


def _side(edition: Transcript, sentence: Sentence, place: int, number: int) -> Element:
    name = sentence_id(place, number)
    return node("p", {**language(edition), "id": name}, *_words(sentence, place, number))


def _words(sentence: Sentence, place: int, number: int) -> list[Child]:
    children: list[Child] = []
    count = 0
    for piece in sentence.pieces:
        if piece.begin_ms is None:
            children.append(piece.text)
        else:
            children.append(node("span", {"id": word_id(place, number, count)}, piece.text))
            count += 1
    return children


def _colophon(editions: Sequence[Transcript]) -> Element:
    attributes = {"epub:type": "colophon", "role": "doc-colophon", "class": "note"}
    return node("section", attributes, *notes(editions))
