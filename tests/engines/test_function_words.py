"""Which language a text is in: the table of everyday words, held against lingua."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.embedded.language import LinguaDetector
from pipeline.engines.function_words import FunctionWords
from pipeline.story.translation_checks import check, flaws
from tests.engines.contracts.detector_contract import TABLE, DetectorContract, right
from tests.story.test_translation_checks import SOURCE, TRANSLATIONS

OURS = ("en", "fr", "nl", "ar", "it", "es", "de", "pt")
SENTENCES: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_name("story_sentences.toml").read_text("utf-8")
)
ABROAD = [language for language in OURS if language != "en"]
UNTRANSLATED = "not translated"
WORDS = FunctionWords()  # reads nothing before its use


class TestFunctionWords(DetectorContract):
    @pytest.fixture
    def detector(self) -> FunctionWords:
        return WORDS


def failed(target: tuple[str, ...], language: str) -> set[str]:
    """The checks that a translation of SOURCE fails."""
    return {result.name for result in check(SOURCE, target, language, WORDS) if not result.passed}


# Story sentences: what translations.check and checks.story_checks need.


@pytest.mark.parametrize("language", OURS)
def test_story_sentences_are_detected_as_lingua_does_and_never_wrongly(
    lingua: LinguaDetector, language: str
) -> None:
    detected = [WORDS.detect(sentence) for sentence in SENTENCES[language]]
    assert set(detected) <= {language, None}
    assert detected.count(language) >= 39
    same = [WORDS.detect(sentence) == lingua.detect(sentence) for sentence in SENTENCES[language]]
    assert sum(same) >= 38


@pytest.mark.parametrize("language", OURS)
def test_a_whole_story_is_detected_with_certainty(language: str) -> None:
    for start in range(0, 40, 5):
        story = " ".join(SENTENCES[language][start : start + 5])
        assert WORDS.confidence(story, language) >= 0.95
        assert all(WORDS.confidence(story, other) < 0.05 for other in OURS if other != language)


@pytest.mark.parametrize("language", ABROAD)
def test_a_right_translation_has_no_flaw(language: str) -> None:
    pairs = zip(SENTENCES["en"], SENTENCES[language], strict=True)
    assert [flaws(english, translation, language, WORDS) for english, translation in pairs] == [()] * 40


@pytest.mark.parametrize("language", ABROAD)
def test_english_that_stayed_is_a_flaw(language: str) -> None:
    """Each beside another English sentence as its source, so that equality does not give it away."""
    pairs = zip(SENTENCES["en"][1:], SENTENCES["en"], strict=False)
    untranslated = [UNTRANSLATED in flaws(source, kept, language, WORDS) for source, kept in pairs]
    assert untranslated == [True] * 39


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_translated_story_passes_every_check_and_another_language_fails(language: str) -> None:
    assert failed(TRANSLATIONS[language], language) == set()
    for other in TRANSLATIONS.keys() - {language}:
        assert "in the language" in failed(TRANSLATIONS[other], language)
    assert failed(SOURCE, language) >= {"in the language", "each sentence"}


@pytest.mark.parametrize(("ideas", "share"), [("seen", 0.85), ("fresh", 0.9)])
def test_most_ideas_that_it_was_not_made_for_are_detected_and_none_wrongly(ideas: str, share: float) -> None:
    assert right(WORDS, TABLE[ideas]) >= share


def test_of_many_foreign_languages_hardly_one_is_taken_for_ours() -> None:
    """Catalan and Afrikaans are too near; lingua takes 14 of these for ours."""
    assert sum(WORDS.detect(idea) is not None for idea in TABLE["foreign"]) <= 3


@pytest.mark.parametrize("text", ["Pikachu", "Mia", "-'-", "\ud800"])
def test_a_name_is_in_no_language(text: str) -> None:
    assert WORDS.detect(text) is None


@pytest.mark.parametrize(
    "text",
    ["the cat's hat", "THE CAT SAT ON THE MAT", "don’t be afraid of the dark", "the  cat\nof\tthe king"],
)
def test_case_apostrophes_and_blanks_do_not_matter(text: str) -> None:
    assert WORDS.detect(text) == "en"


def test_accents_apart_from_their_letters_are_read_as_one() -> None:
    apart = "la sorcie\u0300re e\u0301tait tre\u0300s fatigue\u0301e"
    assert WORDS.confidence(apart, "fr") == WORDS.confidence("la sorcière était très fatiguée", "fr")


def test_arabic_with_its_vowel_signs_is_arabic() -> None:
    assert WORDS.detect("كَانَ الأَرْنَبُ صَغِيرًا فِي الغَابَةِ") == "ar"


def test_persian_is_not_arabic() -> None:
    story = "یک روباه کوچک در جنگل زندگی می‌کرد و از باران می‌ترسید."
    assert WORDS.detect(story) is None
    assert WORDS.confidence(story, "ar") < 0.05


@given(st.text(max_size=80))
def test_confidences_are_shares_of_one(text: str) -> None:
    shares = [WORDS.confidence(text, language) for language in OURS]
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) <= 1.0001


def test_it_needs_nothing_that_a_lambda_lacks() -> None:
    script = (
        "import sys; from pipeline.engines.function_words import FunctionWords;"
        "assert FunctionWords().detect('the cat sat on the mat') == 'en';"
        "print(sorted({'numpy', 'lingua', 'boto3', 'botocore'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.strip() == "[]"
