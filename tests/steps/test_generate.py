from __future__ import annotations

import pytest

from pipeline.engines.fake import FakeTranslation, MemoryStore
from pipeline.errors import ContentRejectedError
from pipeline.steps import generate
from tests.counting import CountingTranslation
from tests.making import fake_app


def test_an_idea_in_a_language_without_stories_is_translated_where_somebody_can() -> None:
    foreign = CountingTranslation(FakeTranslation())
    app = fake_app(MemoryStore(), foreign=foreign)
    assert generate.in_english(app, "[sv] en blyg snigel") == "[en] [sv] en blyg snigel"
    assert foreign.calls.made == [("[sv] en blyg snigel", "sv", "en")]


def test_where_nobody_can_it_goes_to_the_writer_as_it_was_typed() -> None:
    assert generate.in_english(fake_app(MemoryStore()), "[sv] en blyg snigel") == "[sv] en blyg snigel"


def test_an_english_idea_is_nobodys_work() -> None:
    foreign = CountingTranslation(FakeTranslation())
    assert generate.in_english(fake_app(MemoryStore(), foreign=foreign), "a shy snail") == "a shy snail"
    assert len(foreign.calls) == 0


def test_what_was_said_in_another_language_is_screened_once_it_is_understood() -> None:
    class Blunt(FakeTranslation):
        def translate(self, *_: object, **__: object) -> tuple[str, ...]:
            return ("a bloody massacre",)

    with pytest.raises(ContentRejectedError):
        generate.in_english(fake_app(MemoryStore(), foreign=Blunt()), "[sv] en blyg snigel")
