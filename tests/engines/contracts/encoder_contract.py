"""What every AudioEncoder promises. An encoder's tests subclass EncoderContract and give it an encoder."""

from __future__ import annotations

import io
import re
from abc import ABC, abstractmethod
from typing import Any

import mutagen.mp3
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.ports import AudioEncoder
from pipeline.types import Narration
from tests.hearing import narration_of


class EncoderContract(ABC):
    """kilobits: what it writes in a second. `narration`: a sound as the engines before it hand it over."""

    kilobits = 64

    def narration(self, samples: NDArray[np.floating[Any]]) -> Narration:
        return narration_of(samples)

    @pytest.fixture
    @abstractmethod
    def encoder(self) -> AudioEncoder: ...

    @pytest.fixture
    def narrations(self) -> list[Narration]:
        """Noises of 0.4 to 1.3 s: each unlike any other, so that it can be found again."""
        chance = np.random.default_rng(7)
        lengths = (0.9, 0.4, 1.3, 0.7)
        return [self.narration(0.1 * chance.standard_normal(int(24_000 * length))) for length in lengths]

    def test_its_fingerprint_is_provider_model_and_version(self, encoder: AudioEncoder) -> None:
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+/\d+", encoder.fingerprint)

    def test_each_narration_has_its_place_after_the_one_before(
        self, encoder: AudioEncoder, narrations: list[Narration]
    ) -> None:
        recording = encoder.join(narrations)
        assert len(recording.starts_ms) == len(narrations)
        free = 0
        for start_ms, narration in zip(recording.starts_ms, narrations, strict=True):
            assert start_ms >= free
            free = start_ms + narration.duration_ms
        assert recording.duration_ms >= free

    def test_it_is_an_mp3_as_long_as_it_says_mono_at_one_bitrate(
        self, encoder: AudioEncoder, narrations: list[Narration]
    ) -> None:
        recording = encoder.join(narrations)
        told = mutagen.mp3.MP3(io.BytesIO(recording.audio)).info
        assert told.length * 1000 == pytest.approx(recording.duration_ms, abs=2)
        assert (told.bitrate, told.channels, told.layer) == (self.kilobits * 1000, 1, 3)

    def test_the_same_narrations_give_the_same_bytes(
        self, encoder: AudioEncoder, narrations: list[Narration]
    ) -> None:
        assert encoder.join(narrations) == encoder.join(narrations)

    def test_one_narration_is_a_story_too(self, encoder: AudioEncoder, narrations: list[Narration]) -> None:
        assert len(encoder.join(narrations[:1]).starts_ms) == 1
