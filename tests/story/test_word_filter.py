from __future__ import annotations

import re

import pytest

from pipeline.api import problems
from pipeline.story import ideas
from pipeline.story.word_filter import word_filter

SCREEN = word_filter()

# Stories that the filter must match, and gentle ones that it must not, by language.
REFUSED = {
    "en": [
        "The wolf killed the hen.",
        "There was blood on the snow.",
        "He was dead.",
        "The hunter shot the deer.",
        "The fox was shot.",
        "You are stupid, said the crow.",
        "She took a knife.",
        "The evil king laughed.",
        "He had a deep wound.",
    ],
    "fr": ["Le loup est mort.", "Puis le chien fut tué.", "Du sang partout.", "Va en enfer !"],
    "es": ["El lobo murió.", "Había sangre.", "Mató al perro."],
    "it": ["Il lupo morì.", "C'era sangue.", "Uccise il cane."],
    "de": ["Der Wolf starb.", "Überall Blut.", "Er wurde ermordet."],
    "nl": ["De wolf stierf.", "Overal bloed.", "Hij werd vermoord.", "Er lag een lijk in het bos."],
    "pt": ["O lobo morreu.", "Havia sangue.", "Ele matou o cão."],
    "ar": ["مات الذئب.", "كان الدم في كل مكان.", "قُتِلَ الذئب."],
}
GENTLE = {
    "en": [
        "The path wound up the hill, and the comet shot across the sky.",
        "The ugly duckling became a swan.",
        "She was scared of the scarecrow and hid in the shell.",
        "The killer whale sang, and the little skunk felt well.",
        "Nora had a sword of wood and a hat of paper.",
    ],
    "fr": ["Le renard marchait sans bruit dans la rue.", "Il courait pieds nus.", "Puis elle s'est tue."],
    "es": ["El gato miró la luna y se quedó dormido.", "La mata de rosas creció."],
    "it": ["Il gatto guardò la luna e sognò.", "Correva a piedi nudi."],
    "de": ["Der Bär schlief in seiner warmen Höhle.", "Die Hummel summte."],
    "nl": ["De wolken lijken op schapen.", "De beer sliep in zijn hol.", "Er scheen een hel licht."],
    "pt": ["O gato olhou a lua e sonhou.", "A nuvem cantou."],
    "ar": ["نامت القطة في سريرها الدافئ.", "كان القمر جميلا."],
}


@pytest.mark.parametrize(("language", "text"), [(tag, text) for tag in REFUSED for text in REFUSED[tag]])
def test_harsh_story_matches_in_its_language(language: str, text: str) -> None:
    assert SCREEN.story(text, language)


@pytest.mark.parametrize(("language", "text"), [(tag, text) for tag in GENTLE for text in GENTLE[tag]])
def test_gentle_story_does_not_match(language: str, text: str) -> None:
    assert SCREEN.story(text, language) == ()


def test_idea_may_hold_words_that_a_story_may_not() -> None:
    assert SCREEN.idea("my grandfather died") is None
    assert SCREEN.story("My grandfather died.", "en") == ("died",)


def test_matches_are_unique_and_sorted() -> None:
    assert SCREEN.story("Blood! dead, blood, DEAD", "en") == ("blood", "dead")


def test_language_without_a_list_matches_nothing() -> None:
    assert SCREEN.story("blood", "sv") == ()


@pytest.mark.parametrize(
    "hidden",
    [
        "ki\u200dll", "ki\u200cll", "k\u2060ill", "ｋｉｌｌ", "𝐤𝐢𝐥𝐥", "KILL",
        "кill", "кіll", "κill", "k1ll", "K1LL", "k.i.l.l", "k i l l", "k-i-l-l",
    ],
)  # fmt: skip
def test_word_in_other_unicode_forms_matches(hidden: str) -> None:
    assert SCREEN.idea(f"they {hidden} it") == ("violence", ("kill",))


def test_arabic_matches_with_vowel_signs_and_prefixes() -> None:
    for word in ("قتل", "القتل", "والقتل", "بالقتل", "للقتل", "قَتْل", "قـتـل"):
        assert SCREEN.idea(f"قصة {word} هنا", "ar"), word


def test_every_pattern_compiles_and_none_matches_the_empty_string() -> None:
    patterns = [pattern for _, pattern in SCREEN.patterns()]
    assert len(patterns) > 200
    for pattern in patterns:
        assert not re.compile(pattern).match(""), pattern


def test_each_language_has_its_lists() -> None:
    languages = {"en", "fr", "es", "it", "de", "nl", "pt", "ar"}
    assert set(SCREEN.spec["story"]) == languages
    for kind in SCREEN.spec["kinds"].values():
        assert set(kind) == languages | {"any", "spared"}


def test_every_kind_has_words_for_a_person_and_a_problem_that_a_caller_reads() -> None:
    kinds = set(SCREEN.spec["kinds"])
    assert kinds == set(ideas.UNSAFE)
    assert {f"unsafe-{kind}" for kind in kinds} <= problems.PUBLIC


@pytest.mark.parametrize(
    "text", ["R2D2 and C3PO", "a 7-year-old", "2 b or not 2 b", "A. B. C. and D.", "WALL·E"]
)
def test_figures_and_initials_mean_no_words(text: str) -> None:
    assert SCREEN.idea(text) is None
