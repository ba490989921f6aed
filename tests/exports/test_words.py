"""The words around a story are those of the page."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline.exports.words import direction, words

PAGES = sorted((Path(__file__).parents[2] / "frontend" / "src" / "locales").glob("*.ts"))


def test_the_note_and_the_labels_are_the_pages_in_each_of_its_languages() -> None:
    assert PAGES
    for page in PAGES:
        own, text = words(page.stem), page.read_text("utf-8")
        for sentence in (own.name, own.note, own.engines, *own.labels.values()):
            assert json.dumps(sentence, ensure_ascii=False) in text
        assert text.count(": ", text.index("labels: {"), text.index("}", text.index("labels: {"))) >= len(
            own.labels
        )


def test_a_language_without_words_of_its_own_has_english_ones() -> None:
    assert words("fr-CA") == words("fr")
    assert words("tlh") == words("en")


def test_arabic_is_written_from_right_to_left() -> None:
    assert (direction("ar"), direction("ar-EG"), direction("fr")) == ("rtl", "rtl", "ltr")
