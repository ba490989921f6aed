"""Which language a text is in: the table of everyday words, held against lingua."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.embedded.language import LinguaDetector
from pipeline.engines.function_words import FunctionWords
from pipeline.story.translation_checks import check, flaws
from tests.engines.embedded.test_language import FOREIGN, IDEAS
from tests.story.test_translation_checks import SOURCE, TOLD

OURS = ("en", "fr", "nl", "ar", "it", "es", "de", "pt")
HERE = Path(__file__).parent


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text("utf-8"))


SENTENCES: dict[str, list[str]] = _table("story_sentences.toml")
NEW = _table("ideas.toml")
ABROAD = [language for language in OURS if language != "en"]
UNTRANSLATED = "not translated"
WORDS = FunctionWords()  # for property tests, which no fixture reaches; it reads nothing before its use


@pytest.fixture(scope="module")
def detector() -> FunctionWords:
    return FunctionWords()


@pytest.fixture(scope="module")
def lingua() -> LinguaDetector:
    return LinguaDetector()


# Story sentences: what translations.check and checks.story_checks need.


@pytest.mark.parametrize("language", OURS)
def test_a_story_sentence_is_told_and_never_wrongly(detector: FunctionWords, language: str) -> None:
    told = [detector.detect(sentence) for sentence in SENTENCES[language]]
    assert set(told) <= {language, None}
    assert told.count(language) >= 39


@pytest.mark.parametrize("language", OURS)
def test_it_agrees_with_lingua_on_story_sentences(
    detector: FunctionWords, lingua: LinguaDetector, language: str
) -> None:
    same = [detector.detect(one) == lingua.detect(one) for one in SENTENCES[language]]
    assert sum(same) >= 38


@pytest.mark.parametrize("language", OURS)
def test_a_whole_story_is_told_with_certainty_and_is_nothing_else(
    detector: FunctionWords, language: str
) -> None:
    for start in range(0, 40, 5):
        story = " ".join(SENTENCES[language][start : start + 5])
        assert detector.confidence(story, language) >= 0.95
        assert all(detector.confidence(story, other) < 0.05 for other in OURS if other != language)


@pytest.mark.parametrize("language", ABROAD)
def test_a_right_translation_has_no_flaw(detector: FunctionWords, language: str) -> None:
    pairs = zip(SENTENCES["en"], SENTENCES[language], strict=True)
    assert [flaws(english, told, language, detector) for english, told in pairs] == [()] * 40


@pytest.mark.parametrize("language", ABROAD)
def test_english_that_stayed_is_a_flaw(detector: FunctionWords, language: str) -> None:
    """Each English sentence beside another one as its source, so that it is not told by being equal."""
    pairs = zip(SENTENCES["en"][1:], SENTENCES["en"], strict=False)
    found = [UNTRANSLATED in flaws(source, kept, language, detector) for source, kept in pairs]
    assert found == [True] * 39


@pytest.mark.parametrize("language", TOLD)
def test_a_translated_story_passes_every_check(detector: FunctionWords, language: str) -> None:
    assert all(one.passed for one in check(SOURCE, TOLD[language], language, detector))


@pytest.mark.parametrize("language", TOLD)
def test_a_story_in_another_language_than_asked_for_fails_its_check(
    detector: FunctionWords, language: str
) -> None:
    for other in TOLD:
        found = {one.name: one.passed for one in check(SOURCE, TOLD[other], language, detector)}
        assert found["in the language"] is (other == language)


def test_a_story_that_stayed_english_fails_its_checks(detector: FunctionWords) -> None:
    for language in TOLD:
        found = {one.name: one.passed for one in check(SOURCE, SOURCE, language, detector)}
        assert not found["in the language"]
        assert not found["each sentence"]


# Ideas: lingua's own, and those written for this test.


@pytest.mark.parametrize("ideas", [IDEAS, NEW["seen"], NEW["fresh"]], ids=["lingua's", "seen", "fresh"])
def test_an_idea_is_never_taken_for_another_language(
    detector: FunctionWords, ideas: dict[str, list[str]]
) -> None:
    wrong = {
        idea: told
        for language in OURS
        for idea in ideas[language]
        if (told := detector.detect(idea)) not in (language, None)
    }
    assert wrong == {}


def test_nine_of_ten_ideas_that_it_was_not_made_for_are_told(detector: FunctionWords) -> None:
    told = [detector.detect(idea) == language for language in OURS for idea in NEW["fresh"][language]]
    assert sum(told) >= 0.9 * len(told)


def test_nine_of_ten_of_linguas_ideas_are_told(detector: FunctionWords) -> None:
    told = [detector.detect(idea) == language for language in OURS for idea in IDEAS[language]]
    assert sum(told) >= 0.9 * len(told)


@pytest.mark.parametrize("idea", FOREIGN)
def test_a_language_that_is_not_ours_is_not_claimed(detector: FunctionWords, idea: str) -> None:
    assert detector.detect(idea) is None


def test_of_many_languages_that_are_not_ours_hardly_one_is_claimed(detector: FunctionWords) -> None:
    """Catalan and Afrikaans lie too near; lingua claims 14 of these."""
    assert sum(detector.detect(idea) is not None for idea in NEW["foreign"]) <= 3


@pytest.mark.parametrize(
    "text", ["", "   ", "12345", "!!!", "🌙🌙", "\u200f", "\x00", "Pikachu", "Mia", "\ud800", "'", "-'-"]
)
def test_what_is_no_language_is_not_told(detector: FunctionWords, text: str) -> None:
    assert detector.detect(text) is None
    assert detector.confidence(text, "en") < 0.5


@pytest.mark.parametrize(
    "text",
    ["the cat's hat", "THE CAT SAT ON THE MAT", "don’t be afraid of the dark", "the  cat\nof\tthe king"],
)
def test_case_apostrophes_and_blanks_do_not_matter(detector: FunctionWords, text: str) -> None:
    assert detector.detect(text) == "en"


def test_accents_apart_from_their_letters_are_read_as_one(detector: FunctionWords) -> None:
    apart = "la sorcie\u0300re e\u0301tait tre\u0300s fatigue\u0301e"
    assert detector.confidence(apart, "fr") == detector.confidence("la sorcière était très fatiguée", "fr")


def test_arabic_with_its_vowel_signs_is_arabic(detector: FunctionWords) -> None:
    assert detector.detect("كَانَ الأَرْنَبُ صَغِيرًا فِي الغَابَةِ") == "ar"


def test_persian_is_not_arabic(detector: FunctionWords) -> None:
    story = "یک روباه کوچک در جنگل زندگی می‌کرد و از باران می‌ترسید."
    assert detector.detect(story) is None
    assert detector.confidence(story, "ar") < 0.05


def test_a_language_that_it_does_not_know_has_no_confidence(detector: FunctionWords) -> None:
    assert detector.confidence("a snail in a race", "zz") == 0


@given(st.text(max_size=80))
def test_confidences_are_shares_of_one(text: str) -> None:
    shares = [WORDS.confidence(text, language) for language in OURS]
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) <= 1.0001


def test_threads_may_share_it() -> None:
    fresh = FunctionWords()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(fresh.detect, ["der kleinste Elefant der Welt"] * 32)) == {"de"}


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
