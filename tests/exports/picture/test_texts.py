"""Alternative texts."""

from __future__ import annotations

import pytest

from pipeline.config.profiles import profile
from pipeline.exports.picture import tables
from pipeline.exports.picture.texts import plain_text, text
from pipeline.story.locales import language
from tests.exports.picture.stories import SNAIL, SNAIL_IDEA, story


def test_the_hero_is_named_where_the_picture_and_the_text_have_it() -> None:
    english = text(SNAIL, SNAIL_IDEA, SNAIL)
    assert english == "Cover picture of the story “The Snail and the Stars”, with Oskar"
    french = story("Oskar était un petit escargot.", title="L’escargot", locale="fr")
    assert text(SNAIL, SNAIL_IDEA, french) == "Image de couverture de l’histoire « L’escargot », avec Oskar"


def test_a_hero_whom_the_translation_spells_otherwise_is_not_named() -> None:
    arabic = story("كان أوسكار حلزونا صغيرا.", title="الحلزون", locale="ar")
    assert text(SNAIL, SNAIL_IDEA, arabic) == "صورة غلاف قصة «الحلزون»"


def test_a_hero_who_is_not_drawn_is_not_named() -> None:
    postman = story("Leo was a postman.", "Nora the owl helped him.", title="Letters")
    assert text(postman, "a postman", postman) == "Cover picture of the story “Letters”"


def test_a_title_with_braces_stays_as_it_is() -> None:
    assert plain_text("A {hero} {title}", "en") == "Cover picture of the story “A {hero} {title}”"
    assert text(SNAIL, SNAIL_IDEA, story("Oskar", title="{hero}")).endswith("“{hero}”, with Oskar")


def test_a_language_without_a_template_has_the_title() -> None:
    assert plain_text("Sneglen", "da") == "Sneglen"


@pytest.mark.parametrize("name", ["embedded", "aws"])
def test_every_language_has_its_template(name: str) -> None:
    spoken = {language(locale) for locale in profile(name)["locales"]}
    assert spoken <= tables.read("texts").keys()
