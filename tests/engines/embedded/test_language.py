"""lingua, real: which of our languages an idea or a story is in."""

from __future__ import annotations

import pytest

from pipeline.engines.embedded.language import LinguaDetector
from pipeline.engines.registry import create
from tests.engines.contracts.detector_contract import IDEAS, TABLE, DetectorContract, right


class TestLinguaDetector(DetectorContract):
    @pytest.fixture
    def detector(self, lingua: LinguaDetector) -> LinguaDetector:
        return lingua


def test_the_registry_creates_it_without_loading_anything() -> None:
    detector = create("lingua", words=create("function-words"))
    assert isinstance(detector, LinguaDetector)
    assert detector._detector is None


def test_everyday_words_are_tried_first(lingua: LinguaDetector) -> None:
    """lingua takes a third of this French for Dutch; undetected, it would be written about as English."""
    idea = "un renard qui a peur de la neige"
    assert lingua.detect(idea) is None
    detector = LinguaDetector(create("function-words"))
    assert detector.detect(idea) == "fr"
    assert right(detector, IDEAS) == 157 / 160
    assert {detector.detect(foreign) for foreign in TABLE["neighbours"]} == {None}
