"""The glossary finds the words of a sentence, the longest phrase first; its data are whole."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.embedded.glossary import Glossary
from pipeline.story.prompt import read

SPEC = {
    "languages": ["fr", "es"],
    "words": {
        "mouse|mice": ["la souris", "el ratón"],
        "fell": ["tomba", "cayó"],
        "fell asleep": ["s'endormit", "se durmió"],
        "don't worry": ["ne t'inquiète pas", "no te preocupes"],
        "cloud": ["le nuage", "la nube"],
    },
}


@pytest.fixture
def glossary() -> Glossary:
    return Glossary(SPEC)


def test_a_phrase_goes_before_its_words(glossary: Glossary) -> None:
    assert glossary.find("The mouse fell asleep.", "fr") == (
        ("mouse", "la souris"),
        ("fell asleep", "s'endormit"),
    )
    assert glossary.find("The mouse fell.", "es") == (("mouse", "el ratón"), ("fell", "cayó"))


@pytest.mark.parametrize("text", ["Clouds!", "a CLOUD", "the cloud's hat", "“Cloud”"])
def test_plurals_capitals_and_possessives_are_the_word(glossary: Glossary, text: str) -> None:
    ((_, told),) = glossary.find(text, "fr")
    assert told == "le nuage"


def test_either_apostrophe_matches(glossary: Glossary) -> None:
    assert len(glossary.find("Don’t worry, don't worry.", "fr")) == 1


def test_a_small_word_of_another_meaning_is_not_taken_for_a_noun() -> None:
    glossary = Glossary(read("glossary"))
    assert glossary.find_english("Léo et son ami", "fr") == (("ami", "friend"),)
    assert glossary.find_english("een kat die haar hoed zoekt", "nl") == (("kat", "cat"), ("hoed", "hat"))


def test_other_words_and_other_languages_have_none(glossary: Glossary) -> None:
    assert glossary.find("The cloudy mousetrap", "fr") == ()
    assert glossary.find("The mouse", "zh") == ()
    assert glossary.find("", "fr") == ()


@given(st.text())
def test_any_text_is_searched_without_an_exception(text: str) -> None:
    for said, told in Glossary(SPEC).find(text, "es"):
        assert said
        assert told


def test_the_shipped_glossary_has_every_language_for_every_word() -> None:
    spec = read("glossary")
    assert {len(entry) for entry in spec["words"].values()} == {len(spec["languages"])}
    assert all(word.strip() for entry in spec["words"].values() for word in entry)
    forms = Counter(form for key in spec["words"] for form in key.split("|"))
    assert [form for form, count in forms.items() if count > 1] == []
    assert set(spec["languages"]) <= set(read("translate")["languages"])
