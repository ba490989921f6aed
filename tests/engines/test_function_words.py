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
from tests.story.test_translation_checks import SOURCE, TRANSLATIONS

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
def test_story_sentences_are_detected_and_never_wrongly(detector: FunctionWords, language: str) -> None:
    languages = [detector.detect(sentence) for sentence in SENTENCES[language]]
    assert set(languages) <= {language, None}
    assert languages.count(language) >= 39


@pytest.mark.parametrize("language", OURS)
def test_it_agrees_with_lingua_on_story_sentences(
    detector: FunctionWords, lingua: LinguaDetector, language: str
) -> None:
    same = [detector.detect(sentence) == lingua.detect(sentence) for sentence in SENTENCES[language]]
    assert sum(same) >= 38


@pytest.mark.parametrize("language", OURS)
def test_story_is_detected_with_certainty(detector: FunctionWords, language: str) -> None:
    for start in range(0, 40, 5):
        story = " ".join(SENTENCES[language][start : start + 5])
        assert detector.confidence(story, language) >= 0.95
        assert all(detector.confidence(story, other) < 0.05 for other in OURS if other != language)


@pytest.mark.parametrize("language", ABROAD)
def test_a_right_translation_has_no_flaw(detector: FunctionWords, language: str) -> None:
    pairs = zip(SENTENCES["en"], SENTENCES[language], strict=True)
    assert [flaws(english, translated, language, detector) for english, translated in pairs] == [()] * 40


@pytest.mark.parametrize("language", ABROAD)
def test_untranslated_english_is_a_flaw(detector: FunctionWords, language: str) -> None:
    """Each English sentence beside another one as its source, so that equality does not decide."""
    pairs = zip(SENTENCES["en"][1:], SENTENCES["en"], strict=False)
    flawed = [UNTRANSLATED in flaws(source, kept, language, detector) for source, kept in pairs]
    assert flawed == [True] * 39


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_translated_story_passes_every_check(detector: FunctionWords, language: str) -> None:
    assert all(result.passed for result in check(SOURCE, TRANSLATIONS[language], language, detector))


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_story_in_another_language_than_asked_for_fails_its_check(
    detector: FunctionWords, language: str
) -> None:
    for other in TRANSLATIONS:
        passed = {
            result.name: result.passed for result in check(SOURCE, TRANSLATIONS[other], language, detector)
        }
        assert passed["in the language"] is (other == language)


def test_a_story_that_stayed_english_fails_its_checks(detector: FunctionWords) -> None:
    for language in TRANSLATIONS:
        passed = {result.name: result.passed for result in check(SOURCE, SOURCE, language, detector)}
        assert not passed["in the language"]
        assert not passed["each sentence"]


# Ideas: lingua's own, and those written for this test.


@pytest.mark.parametrize("ideas", [IDEAS, NEW["seen"], NEW["fresh"]], ids=["lingua's", "seen", "fresh"])
def test_idea_is_never_detected_as_another_language(
    detector: FunctionWords, ideas: dict[str, list[str]]
) -> None:
    wrong = {
        idea: detected
        for language in OURS
        for idea in ideas[language]
        if (detected := detector.detect(idea)) not in (language, None)
    }
    assert wrong == {}


def test_nine_of_ten_fresh_ideas_are_detected(detector: FunctionWords) -> None:
    right = [detector.detect(idea) == language for language in OURS for idea in NEW["fresh"][language]]
    assert sum(right) >= 0.9 * len(right)


def test_nine_of_ten_of_linguas_ideas_are_detected(detector: FunctionWords) -> None:
    right = [detector.detect(idea) == language for language in OURS for idea in IDEAS[language]]
    assert sum(right) >= 0.9 * len(right)


@pytest.mark.parametrize("idea", FOREIGN)
def test_unsupported_language_is_not_detected(detector: FunctionWords, idea: str) -> None:
    assert detector.detect(idea) is None


def test_hardly_any_unsupported_language_is_detected(detector: FunctionWords) -> None:
    """Catalan and Afrikaans lie too near; lingua claims 14 of these."""
    assert sum(detector.detect(idea) is not None for idea in NEW["foreign"]) <= 3


@pytest.mark.parametrize(
    "text", ["", "   ", "12345", "!!!", "🌙🌙", "\u200f", "\x00", "Pikachu", "Mia", "\ud800", "'", "-'-"]
)
def test_text_without_a_language_is_not_detected(detector: FunctionWords, text: str) -> None:
    assert detector.detect(text) is None
    assert detector.confidence(text, "en") < 0.5


@pytest.mark.parametrize(
    "text",
    ["the cat's hat", "THE CAT SAT ON THE MAT", "don’t be afraid of the dark", "the  cat\nof\tthe king"],
)
def test_case_apostrophes_and_blanks_do_not_matter(detector: FunctionWords, text: str) -> None:
    assert detector.detect(text) == "en"


def test_decomposed_accents_count_as_composed(detector: FunctionWords) -> None:
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


def test_detector_is_thread_safe() -> None:
    fresh = FunctionWords()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(fresh.detect, ["der kleinste Elefant der Welt"] * 32)) == {"de"}


def test_detector_imports_no_heavy_package() -> None:
    script = (
        "import sys; from pipeline.engines.function_words import FunctionWords;"
        "assert FunctionWords().detect('the cat sat on the mat') == 'en';"
        "print(sorted({'numpy', 'lingua', 'boto3', 'botocore'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.strip() == "[]"
