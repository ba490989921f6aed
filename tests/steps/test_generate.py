from __future__ import annotations

from pipeline.engines.fake import FakeTranslation, MemoryStore
from pipeline.steps import generate
from tests.counting import CountingTranslation
from tests.making import fake_app


def test_idea_in_a_language_without_stories_is_translated_by_the_foreign_engine() -> None:
    foreign = CountingTranslation(FakeTranslation())
    app = fake_app(MemoryStore(), foreign=foreign)
    assert generate.in_english(app, "[sv] en blyg snigel") == "[en] [sv] en blyg snigel"
    assert foreign.calls.arguments == [("[sv] en blyg snigel", "sv", "en")]


def test_idea_stays_as_typed_where_no_engine_translates_it() -> None:
    assert generate.in_english(fake_app(MemoryStore()), "[sv] en blyg snigel") == "[sv] en blyg snigel"


def test_english_idea_is_not_translated() -> None:
    foreign = CountingTranslation(FakeTranslation())
    assert generate.in_english(fake_app(MemoryStore(), foreign=foreign), "a shy snail") == "a shy snail"
    assert len(foreign.calls) == 0
