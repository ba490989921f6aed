"""What every AudioEncoder promises. An encoder's tests subclass EncoderContract and give it an encoder.

The mp3 is judged by other programs: libsndfile decodes it, mutagen reads its headers.
"""

from __future__ import annotations

import io
import re
from abc import ABC, abstractmethod
from itertools import pairwise

import mutagen.mp3
import pytest

from pipeline.errors import EngineError
from pipeline.ports import AudioEncoder
from pipeline.types import Narration
from tests.hearing import Sound, decoded, narration_of, noise, position_ms


class EncoderContract(ABC):
    """kilobits: a second, of the mp3. media_type, narration: a sound as the engines before it give it.

    rates: of narrations, in Hz.
    """

    kilobits = 64
    media_type = "audio/wav"
    rates: tuple[int, ...] = (22_050, 24_000, 44_100)

    def narration(self, samples: Sound, rate: int = 24_000) -> Narration:
        return narration_of(samples, rate)

    @pytest.fixture
    @abstractmethod
    def encoder(self) -> AudioEncoder: ...

    @pytest.fixture
    def narrations(self) -> list[Narration]:
        return [self.narration(noise(length, seed=n)) for n, length in enumerate((0.9, 0.4, 1.3, 0.7))]

    def test_its_fingerprint_is_provider_model_and_version(self, encoder: AudioEncoder) -> None:
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)+/\d+", encoder.fingerprint)

    def test_it_is_an_mp3_as_long_as_stated_mono_at_a_constant_bitrate(
        self, encoder: AudioEncoder, narrations: list[Narration]
    ) -> None:
        recording = encoder.join(narrations)
        info = mutagen.mp3.MP3(io.BytesIO(recording.audio)).info
        assert info.length * 1000 == pytest.approx(recording.duration_ms, abs=2)
        assert (info.bitrate, info.channels, info.layer) == (self.kilobits * 1000, 1, 3)
        samples, rate = decoded(recording.audio)
        assert len(samples) * 1000 / rate == pytest.approx(recording.duration_ms, abs=1)

    def test_the_same_narrations_give_the_same_bytes(
        self, encoder: AudioEncoder, narrations: list[Narration]
    ) -> None:
        assert encoder.join(narrations) == encoder.join(narrations)

    def test_one_narration_is_a_story_too(self, encoder: AudioEncoder, narrations: list[Narration]) -> None:
        assert len(encoder.join(narrations[:1]).starts_ms) == 1

    def test_segments_begin_where_stated_to_the_millisecond(self, encoder: AudioEncoder) -> None:
        for rate in self.rates:
            sounds = [noise(0.5 + n / 7, rate, seed=n) for n in range(12)]
            recording = encoder.join([self.narration(sound, rate) for sound in sounds])
            samples, decoded_rate = decoded(recording.audio)
            assert decoded_rate == rate
            for sound, start_ms in zip(sounds, recording.starts_ms, strict=True):
                assert position_ms(sound, samples, rate, start_ms) == pytest.approx(start_ms, abs=1)

    def test_a_story_begins_after_200_ms_and_rests_350_ms_between_segments(
        self, encoder: AudioEncoder
    ) -> None:
        """To a few mp3 frames of 24 ms: an encoder fills up its last frame, and adds one or two."""
        recording = encoder.join([self.narration(noise(1, seed=n)) for n in range(3)])
        assert recording.starts_ms[0] == pytest.approx(200, abs=12)
        for start_ms, next_ms in pairwise(recording.starts_ms):
            assert 340 <= next_ms - start_ms - 1000 <= 430
        assert 290 <= recording.duration_ms - recording.starts_ms[-1] - 1000 <= 400

    @pytest.mark.parametrize("audio", [b"", b"ID3\x03\x00 no sound", b"RIFF\x00\x00\x00\x00WAVE"])
    def test_a_narration_that_is_not_audio_is_rejected(self, encoder: AudioEncoder, audio: bytes) -> None:
        with pytest.raises(EngineError) as caught:
            encoder.join([Narration(audio, self.media_type, 10, ())])
        assert caught.value.problem == "bad-audio"

    def test_no_narrations_are_rejected(self, encoder: AudioEncoder) -> None:
        with pytest.raises(EngineError):
            encoder.join([])
