"""Look-ups of the words of a sentence, the longest phrase first; the shipped glossary is complete."""

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


GLOSSARY = Glossary(SPEC)


@pytest.fixture
def glossary() -> Glossary:
    return GLOSSARY


def test_a_phrase_is_preferred_to_its_words(glossary: Glossary) -> None:
    assert glossary.find("The mouse fell asleep.", "fr") == (
        ("mouse", "la souris"),
        ("fell asleep", "s'endormit"),
    )
    assert glossary.find("The mouse fell.", "es") == (("mouse", "el ratón"), ("fell", "cayó"))


@pytest.mark.parametrize("text", ["Clouds!", "a CLOUD", "the cloud's hat", "“Cloud”"])
def test_plurals_capitals_and_possessives_match(glossary: Glossary, text: str) -> None:
    ((_, meaning),) = glossary.find(text, "fr")
    assert meaning == "le nuage"


def test_either_apostrophe_matches(glossary: Glossary) -> None:
    assert len(glossary.find("Don’t worry, don't worry.", "fr")) == 1


def test_a_small_word_of_another_meaning_is_not_taken_for_a_noun() -> None:
    glossary = Glossary(read("glossary"))
    assert glossary.find_english("Léo et son ami", "fr") == (("ami", "friend"),)
    assert glossary.find_english("een kat die haar hoed zoekt", "nl") == (("kat", "cat"), ("hoed", "hat"))


def test_other_words_and_other_languages_do_not_match(glossary: Glossary) -> None:
    assert glossary.find("The cloudy mousetrap", "fr") == ()
    assert glossary.find("The mouse", "zh") == ()
    assert glossary.find("", "fr") == ()


@given(st.text())
def test_any_text_is_searched_without_an_exception(text: str) -> None:
    assert all(map(all, GLOSSARY.find(text, "es")))


def test_the_shipped_glossary_has_every_language_for_every_word() -> None:
    spec = read("glossary")
    assert {len(entry) for entry in spec["words"].values()} == {len(spec["languages"])}
    assert all(word.strip() for entry in spec["words"].values() for word in entry)
    forms = Counter(form for key in spec["words"] for form in key.split("|"))
    assert [form for form, count in forms.items() if count > 1] == []
    assert set(spec["languages"]) <= set(read("translate")["languages"])
