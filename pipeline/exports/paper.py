"""A page to read from: one HTML file with its picture, dark on white, made to be printed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from pipeline.exports.artwork import Picture, artwork
from pipeline.exports.beside import rows
from pipeline.exports.fragments import language, notes
from pipeline.exports.markup import html, node
from pipeline.exports.provenance.claim import TRAINED, source_uri
from pipeline.exports.transcript import Transcript

# It needs nothing but itself, and whoever opens it runs nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# Microdata, for what is read by machines.
_MARKED = {"itemscope": "", "itemtype": "https://schema.org/ShortStory"}
_STYLE = """
@page { margin: 18mm; }
body { background: #fff; color: #111; font: 1.35rem/1.65 Georgia, "Noto Serif", "Noto Naskh Arabic", serif;
  max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { font-size: 2rem; line-height: 1.2; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; }
img { display: block; width: 14rem; max-width: 60%; height: auto; margin: 0 auto 1.5rem; }
p { margin: 0; orphans: 3; widows: 3; }
.pair { display: flex; flex-wrap: wrap; gap: 0.2rem 5%; margin: 0 0 1rem; font-size: 1.1rem; }
.pair, footer { break-inside: avoid; }
.pair p { flex: 1 1 14rem; }
.pair p + p { color: #444; }
footer { margin-top: 2.5rem; padding-top: 0.6rem; border-top: 1px solid #999; font-size: 0.8rem; color: #333;
  overflow-wrap: anywhere; }
"""


def paper(editions: Sequence[Transcript]) -> bytes:
    """editions: one, or two of the same story, side by side. Raises RequestError: these two cannot be."""
    first, *others = editions
    head = node(
        "head",
        {},
        node("meta", {"charset": "utf-8"}),
        node("meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        node("meta", {"name": "viewport", "content": "width=device-width"}),
        node("meta", {"name": "robots", "content": "noindex"}),
        node("meta", {"itemprop": "digitalSourceType", "content": source_uri(TRAINED)}),
        node("title", {}, first.title),
        node("style", {}, _STYLE),
    )
    text = _pairs(editions) if others else [_running(first)]
    titles = [node("h1", {}, first.title), *(node("h2", language(each), each.title) for each in others)]
    body = node("body", {}, _image(artwork(first)), *titles, *text, node("footer", {}, *notes(editions)))
    return html(node("html", {**language(first), **_MARKED}, head, body))


def _image(picture: Picture) -> Element:
    source = f"data:{picture.media_type};base64,{b64encode(picture.data).decode()}"
    return node("img", {"src": source, "alt": picture.alt})


def _running(edition: Transcript) -> Element:
    return node("p", {}, " ".join(sentence.text for sentence in edition.sentences))


def _pairs(editions: Sequence[Transcript]) -> list[Element]:
    return [
        node("div", {"class": "pair"}, *(node("p", language(each), sentence.text) for each, sentence in row))
        for row in rows(editions)
    ]
