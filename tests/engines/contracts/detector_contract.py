"""What every LanguageDetector promises. A detector's tests subclass DetectorContract and give it one."""

from __future__ import annotations

import tomllib
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.ports import LanguageDetector

TABLE: dict[str, Any] = tomllib.loads((Path(__file__).parents[1] / "ideas.toml").read_text("utf-8"))
IDEAS: dict[str, list[str]] = TABLE["measured"]


def right(detector: LanguageDetector, ideas: dict[str, list[str]]) -> float:
    """The share of ideas whose language is detected; none may be taken for another language."""
    detected = [(detector.detect(idea), language) for language, listed in ideas.items() for idea in listed]
    assert [pair for pair in detected if pair[0] not in (None, pair[1])] == []
    return sum(pair[0] == pair[1] for pair in detected) / len(detected)


class DetectorContract(ABC):
    @pytest.fixture
    @abstractmethod
    def detector(self) -> LanguageDetector: ...

    def test_nine_of_ten_ideas_are_detected_and_none_wrongly(self, detector: LanguageDetector) -> None:
        assert right(detector, IDEAS) >= 0.9

    @pytest.mark.parametrize("idea", TABLE["neighbours"])
    def test_another_language_is_not_taken_for_one_of_ours(
        self, detector: LanguageDetector, idea: str
    ) -> None:
        assert detector.detect(idea) is None

    @pytest.mark.parametrize("text", ["", "   ", "12345", "!!!", "🌙🌙", "\u200f", "\x00", "'"])
    def test_text_in_no_language_is_unknown(self, detector: LanguageDetector, text: str) -> None:
        assert detector.detect(text) is None
        assert detector.confidence(text, "en") < 0.5

    def test_a_story_is_detected_with_certainty(self, detector: LanguageDetector) -> None:
        story = "Pip era un topolino. Viveva sotto il pavimento. Un giorno voleva fare una torta."
        assert detector.confidence(story, "it") > 0.95
        assert detector.confidence(story, "en") < 0.01

    def test_an_unknown_language_has_no_confidence(self, detector: LanguageDetector) -> None:
        assert detector.confidence("a snail in a race", "zz") == 0

    def test_confidences_are_the_same_in_every_call_of_every_thread(self, detector: LanguageDetector) -> None:
        texts = ["der kleinste Elefant der Welt"] * 32
        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(detector.confidence, texts, ["de"] * 32))) == 1
            assert set(pool.map(detector.detect, texts)) == {"de"}
