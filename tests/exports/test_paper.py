"""The page to read from, read by an HTML parser."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser

import pytest

from pipeline.errors import RequestError
from pipeline.exports.paper import paper
from pipeline.exports.transcript import transcript
from pipeline.types import Manifest
from tests.exports.stored import ARABIC, HOSTILE_TEXTS, HOSTILE_TITLE, manifest


class Page(HTMLParser):
    """texts: (the innermost element, its text). starts: (element, attributes)."""

    def __init__(self, editions: Sequence[Manifest]) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self.starts: list[tuple[str, dict[str, str | None]]] = []
        self.feed(paper([transcript(each) for each in editions]).decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.starts.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.starts[-1][0], data))

    def text(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.starts if name == tag]


def test_the_page_holds_title_text_picture_and_note_and_no_player() -> None:
    page = Page([manifest(["A snail slept.", "Good night."])])
    assert page.text("h1") == ["A Snail"]
    assert page.text("p")[0] == "A snail slept. Good night."
    assert page.text("p")[1].startswith("Story and voice are made by AI.")
    (picture,) = page.attributes("img")
    assert str(picture["src"]).startswith("data:image/png;base64,")
    assert picture["alt"] == "Cover picture of the story “A Snail”"
    assert {name for name, _ in page.starts}.isdisjoint({"audio", "script", "link", "a", "iframe"})


def test_two_languages_stand_sentence_by_sentence_each_in_its_direction() -> None:
    page = Page([manifest(["Sleep.", "Now."]), manifest(ARABIC, "الحلزون", "ar")])
    assert page.text("p")[:4] == ["Sleep.", ARABIC[0], "Now.", ARABIC[1]]
    assert [(each["lang"], each["dir"]) for each in page.attributes("p")[:2]] == [
        ("en", "ltr"),
        ("ar", "rtl"),
    ]
    assert page.text("h2") == ["الحلزون"]


def test_what_looks_like_markup_is_text() -> None:
    page = Page([manifest(HOSTILE_TEXTS[:2], HOSTILE_TITLE)])
    assert page.text("h1") == page.text("title")
    assert page.text("h1")[0].startswith('</title><script>alert(1)</script> ]]> & "it\'s"')
    assert HOSTILE_TEXTS[1] in page.text("p")[0]
    assert {name for name, _ in page.starts}.isdisjoint({"script", "b"})
    assert page.attributes("img")[0].keys() == {"src", "alt"}


def test_the_same_language_twice_is_refused() -> None:
    with pytest.raises(RequestError):
        Page([manifest(["One."]), manifest(["One."])])
