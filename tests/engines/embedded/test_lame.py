"""Loudness is measured on what another decoder (libsndfile) makes of the mp3."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
from scipy.signal import resample_poly

from pipeline.engines.embedded.espeak import EspeakSpeech
from pipeline.engines.embedded.lame import LameEncoder
from pipeline.errors import EngineError
from pipeline.types import Recording
from tests.engines.contracts.encoder_contract import EncoderContract
from tests.engines.contracts.speech_contract import SENTENCES, voice_of
from tests.hearing import Sound, decoded, narration_of, noise, position_ms

RATE = 24_000


class TestLameEncoder(EncoderContract):
    @pytest.fixture
    def encoder(self) -> LameEncoder:
        return LameEncoder()


def joined(*sounds: Sound) -> tuple[Recording, Sound]:
    """The mp3 of sounds of 24 kHz, and its samples."""
    recording = LameEncoder().join([narration_of(sound) for sound in sounds])
    samples, rate = decoded(recording.audio)
    assert rate == RATE
    return recording, samples


def loudness(samples: Sound, rate: int = RATE) -> float:
    return float(pyloudnorm.Meter(rate).integrated_loudness(samples))


@pytest.mark.parametrize("level", [0.001, 0.02, 0.1, 0.33])
def test_every_level_comes_out_at_minus_19_lufs(level: float) -> None:
    recording, samples = joined(noise(2, level=level), noise(1, seed=2, level=level))
    assert loudness(samples) == pytest.approx(-19, abs=0.3)
    assert recording.loudness_lufs == pytest.approx(loudness(samples), abs=0.3)
    assert abs(samples).max() < 1


def test_speech_comes_out_at_minus_19_lufs_with_true_peaks_under_minus_1_decibel() -> None:
    engine = EspeakSpeech()
    story = [engine.synthesize(SENTENCES[locale], voice_of(engine, locale)) for locale in ("en", "fr", "ar")]
    samples, rate = decoded(LameEncoder().join(story).audio)
    assert loudness(samples, rate) == pytest.approx(-19, abs=0.2)
    assert abs(resample_poly(samples, 4, 1)).max() < 10 ** (-1 / 20)


def test_peaks_far_above_the_speech_are_turned_down_not_clipped() -> None:
    """A quiet voice with a bang every half second, which by gain alone would be many times full scale."""
    sound = noise(4, level=0.02)
    bang = np.sin(2 * np.pi * 440 * np.arange(480) / RATE) * np.hanning(480)
    for start in range(6_000, len(sound) - 480, 12_000):
        sound[start : start + 480] += 0.9 * bang
    _, samples = joined(sound)
    assert abs(samples).max() < 1
    assert loudness(samples) == pytest.approx(-19, abs=1)


def test_below_the_ceiling_only_the_level_changes() -> None:
    recording, samples = joined(0.05 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE))
    start = (recording.starts_ms[0] + 200) * RATE // 1000
    spectrum = np.abs(np.fft.rfft(samples[start : start + RATE] * np.hanning(RATE)))
    assert spectrum.argmax() == 440
    assert max(spectrum[440 * n] for n in range(2, 8)) < spectrum[440] / 1000


def test_voices_of_different_rates_join_without_drift() -> None:
    sounds = [(noise(0.6, rate, seed=rate + n), rate) for n in range(15) for rate in (22_050, 24_000)]
    recording = LameEncoder().join([narration_of(*pair) for pair in sounds])
    samples, rate = decoded(recording.audio)
    assert rate == RATE
    for (sound, own_rate), start_ms in zip(sounds, recording.starts_ms, strict=True):
        resampled = sound if own_rate == rate else resample_poly(sound, rate, own_rate)
        assert position_ms(resampled, samples, rate, start_ms) == pytest.approx(start_ms, abs=1)


def test_a_sound_shorter_than_a_loudness_block_is_joined_without_clipping() -> None:
    _, samples = joined(noise(0.05))
    assert 0 < abs(samples).max() < 1


def test_silence_stays_silence_and_has_no_loudness() -> None:
    recording, samples = joined(np.zeros(RATE))
    assert recording.loudness_lufs is None
    assert abs(samples).max() < 1e-4


def test_stereo_is_rejected() -> None:
    with pytest.raises(EngineError, match="mono"):
        joined(np.zeros((100, 2)))
