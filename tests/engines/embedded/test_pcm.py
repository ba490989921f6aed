from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from pipeline.engines.embedded import pcm
from tests.hearing import first_sound_ms, last_sound_ms

RATE = 24_000


def tone(seconds: float) -> pcm.Samples:
    return np.asarray(0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE), dtype=np.float32)


@pytest.mark.parametrize(("before", "after"), [(0.3, 0.9), (0.0, 0.0), (0.02, 1.0), (2.0, 0.01)])
def test_trimming_leaves_50_ms_at_each_end(before: float, after: float) -> None:
    sound = np.concatenate([pcm.silence(before * 1000, RATE), tone(0.5), pcm.silence(after * 1000, RATE)])
    trimmed, cut_ms = pcm.trim(sound, RATE)
    assert pcm.milliseconds(trimmed, RATE) == pytest.approx(600, abs=10)
    assert first_sound_ms(trimmed, RATE) == pytest.approx(50, abs=10)
    assert last_sound_ms(trimmed, RATE) == pytest.approx(550, abs=10)
    assert cut_ms == pytest.approx(before * 1000 - 50, abs=10)


def test_trimming_moves_sounds_by_what_was_cut() -> None:
    sound = np.concatenate([pcm.silence(400, RATE), tone(1)])
    sound[int(0.9 * RATE)] = 0.99
    trimmed, cut_ms = pcm.trim(sound, RATE)
    assert int(trimmed.argmax()) * 1000 / RATE == pytest.approx(900 - cut_ms, abs=0.1)


def test_silence_is_trimmed_to_its_ends() -> None:
    for sound in (pcm.silence(500, RATE), pcm.silence(0, RATE)):
        trimmed, _ = pcm.trim(sound, RATE)
        assert pcm.milliseconds(trimmed, RATE) == 100
        assert not trimmed.any()


def test_ends_do_not_click() -> None:
    trimmed, _ = pcm.trim(tone(0.5) + np.float32(0.1), RATE)
    assert np.abs(np.diff(trimmed)).max() < 0.1


def test_another_reader_of_wav_reads_the_same_samples() -> None:
    samples, rate = soundfile.read(io.BytesIO(pcm.to_wav(tone(0.1), RATE)), dtype="float32")
    assert rate == RATE
    assert samples == pytest.approx(tone(0.1), abs=1 / 32768)
    ours, our_rate = pcm.from_wav(pcm.to_wav(tone(0.1), RATE))
    assert our_rate == RATE
    assert (ours == samples).all()


def test_samples_beyond_full_scale_are_clipped() -> None:
    samples = pcm.from_int16(pcm.to_int16(np.array([2.0, -2.0, 1.0, -1.0], dtype=np.float32)))
    assert samples == pytest.approx([1, -1, 1, -1], abs=1 / 32000)


def test_resampling_keeps_pitch_and_length() -> None:
    other = pcm.resample(tone(1), RATE, 22_050)
    assert len(other) == 22_050
    assert np.abs(np.fft.rfft(other)).argmax() == 440
    assert pcm.resample(other, 22_050, 22_050) is other
