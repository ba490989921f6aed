"""The mp3 is judged by another decoder (libsndfile), and its loudness measured on what that hears."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import soundfile
from numpy.typing import NDArray
from scipy.signal import correlate, resample_poly

from pipeline.engines.embedded.espeak import EspeakSpeech
from pipeline.engines.embedded.lame import LameEncoder
from pipeline.errors import EngineError
from pipeline.types import Narration, Recording
from tests.engines.contracts.encoder_contract import EncoderContract
from tests.engines.contracts.speech_contract import SENTENCES, voice_of
from tests.hearing import narration_of

Sound = NDArray[np.floating[Any]]
RATE = 24_000


class TestLameEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self) -> LameEncoder:
        return LameEncoder()


def heard(recording: Recording) -> tuple[Sound, int]:
    samples, rate = soundfile.read(io.BytesIO(recording.audio), dtype="float32")
    return samples, int(rate)


def noise(seconds: float, level: float = 0.1, rate: int = RATE, seed: int = 1) -> Sound:
    chance = np.random.default_rng(seed)
    return level * chance.standard_normal(int(rate * seconds)).clip(-3, 3)


def speech() -> list[Narration]:
    engine = EspeakSpeech()
    return [engine.synthesize(SENTENCES[locale], voice_of(engine, locale)) for locale in ("en", "fr", "ar")]


def found_ms(narration: Narration, within: Sound, rate: int, near_ms: int) -> float:
    """Where in the decoded mp3 a narration's own samples fit best, in ms."""
    samples, own_rate = soundfile.read(io.BytesIO(narration.audio), dtype="float32")
    samples = resample_poly(samples, rate, own_rate) if own_rate != rate else samples
    first = max(0, (near_ms - 300) * rate // 1000)
    window = within[first : first + len(samples) + 600 * rate // 1000]
    return float((first + np.argmax(correlate(window, samples, mode="valid"))) * 1000 / rate)


@pytest.mark.parametrize("level", [0.001, 0.02, 0.1, 0.33])
def test_whatever_the_level_was_it_is_heard_at_minus_19_lufs(level: float) -> None:
    recording = LameEncoder().join([narration_of(noise(2, level)), narration_of(noise(1, level, seed=2))])
    samples, rate = heard(recording)
    loudness = pyloudnorm.Meter(rate).integrated_loudness(samples)
    assert loudness == pytest.approx(-19, abs=0.3)
    assert recording.loudness_lufs == pytest.approx(loudness, abs=0.3)
    assert abs(samples).max() < 1


def test_speech_is_heard_at_minus_19_lufs_with_true_peaks_under_minus_1_decibel() -> None:
    samples, rate = heard(LameEncoder().join(speech()))
    assert pyloudnorm.Meter(rate).integrated_loudness(samples) == pytest.approx(-19, abs=0.2)
    assert abs(resample_poly(samples, 4, 1)).max() < 10 ** (-1 / 20)


def test_peaks_far_above_the_speech_are_turned_down_not_clipped() -> None:
    """A quiet voice with a bang every half second, which by gain alone would be many times full scale."""
    sound = noise(4, 0.02)
    tone = np.sin(2 * np.pi * 440 * np.arange(480) / RATE) * np.hanning(480)
    for start in range(6_000, len(sound) - 480, 12_000):
        sound[start : start + 480] += 0.9 * tone
    samples, rate = heard(LameEncoder().join([narration_of(sound)]))
    assert abs(samples).max() < 1
    assert pyloudnorm.Meter(rate).integrated_loudness(samples) == pytest.approx(-19, abs=1)


def test_below_the_ceiling_nothing_but_the_level_changes() -> None:
    sound = 0.05 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)
    recording = LameEncoder().join([narration_of(sound)])
    samples, rate = heard(recording)
    start = (recording.starts_ms[0] + 200) * rate // 1000
    spectrum = np.abs(np.fft.rfft(samples[start : start + rate] * np.hanning(rate)))
    assert spectrum.argmax() == 440
    harmonics = [spectrum[440 * n] for n in range(2, 8)]
    assert max(harmonics) < spectrum[440] / 1000


@pytest.mark.parametrize("rate", [22_050, 24_000, 44_100])
def test_segments_are_where_it_says_to_the_millisecond(rate: int) -> None:
    narrations = [narration_of(noise(0.5 + n / 10, rate=rate, seed=n), rate) for n in range(5)]
    recording = LameEncoder().join(narrations)
    samples, decoded_rate = heard(recording)
    assert decoded_rate == rate
    for narration, start_ms in zip(narrations, recording.starts_ms, strict=True):
        assert found_ms(narration, samples, decoded_rate, start_ms) == pytest.approx(start_ms, abs=1)


def test_voices_of_different_rates_join_without_drift() -> None:
    narrations = [
        narration_of(noise(0.6, rate=rate, seed=rate + n), rate)
        for n in range(15)
        for rate in (22_050, 24_000)
    ]
    recording = LameEncoder().join(narrations)
    samples, rate = heard(recording)
    assert rate == 24_000
    for narration, start_ms in zip(narrations, recording.starts_ms, strict=True):
        assert found_ms(narration, samples, rate, start_ms) == pytest.approx(start_ms, abs=1)


def test_a_story_begins_after_200_ms_and_rests_350_ms_between_segments() -> None:
    recording = LameEncoder().join([narration_of(noise(1, seed=n)) for n in range(3)])
    assert recording.starts_ms == (200, 1550, 2900)
    assert recording.duration_ms == pytest.approx(2900 + 1000 + 300, abs=100)


def test_the_decoder_hears_as_much_as_is_said() -> None:
    recording = LameEncoder().join(speech())
    samples, rate = heard(recording)
    assert len(samples) * 1000 / rate == pytest.approx(recording.duration_ms, abs=1)


def test_a_sound_shorter_than_a_loudness_block_is_joined_without_clipping() -> None:
    samples, _ = heard(LameEncoder().join([narration_of(noise(0.05))]))
    assert 0 < abs(samples).max() < 1


def test_silence_stays_silence_and_has_no_loudness() -> None:
    recording = LameEncoder().join([narration_of(np.zeros(RATE))])
    assert recording.loudness_lufs is None
    assert abs(heard(recording)[0]).max() < 1e-4


@pytest.mark.parametrize("audio", [b"", b"ID3\x03\x00 no wav", b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_wav_is_an_error_of_the_engine(audio: bytes) -> None:
    with pytest.raises(EngineError) as caught:
        LameEncoder().join([Narration(audio, "audio/wav", 10, ())])
    assert caught.value.problem == "bad-audio"


def test_stereo_is_an_error_of_the_engine() -> None:
    with pytest.raises(EngineError, match="mono"):
        LameEncoder().join([narration_of(np.zeros((100, 2)))])


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(EngineError):
        LameEncoder().join([])
