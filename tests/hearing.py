"""Sound for tests: where a signal is loud, by energy alone; where a sound lies; a sound as a narration."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import correlate

from pipeline.types import Narration

Sound = NDArray[np.floating[Any]]

_FRAME_MS = 5
_QUIET_DB = -38.0


def loud_frames(samples: NDArray[np.float32], rate: int) -> NDArray[np.bool_]:
    """For each 5 ms: is it within 38 dB of the loudest?"""
    frame = rate * _FRAME_MS // 1000
    whole = samples[: len(samples) // frame * frame].reshape(-1, frame)
    level = np.sqrt(np.mean(np.square(whole), axis=1))
    return np.asarray(level > level.max() * 10 ** (_QUIET_DB / 20))


def first_sound_ms(samples: NDArray[np.float32], rate: int) -> int:
    return int(np.flatnonzero(loud_frames(samples, rate))[0]) * _FRAME_MS


def last_sound_ms(samples: NDArray[np.float32], rate: int) -> int:
    return (int(np.flatnonzero(loud_frames(samples, rate))[-1]) + 1) * _FRAME_MS


def sounds_after_pauses_ms(samples: NDArray[np.float32], rate: int, at_least_ms: int) -> list[int]:
    """Where sound begins again after silence of at least so long, in ms."""
    loud = np.flatnonzero(loud_frames(samples, rate))
    gaps = np.diff(loud)
    return [int(loud[i + 1]) * _FRAME_MS for i in np.flatnonzero(gaps * _FRAME_MS > at_least_ms)]


def narration_of(samples: NDArray[np.floating[Any]], rate: int = 24_000) -> Narration:
    """A sound as an engine would hand it over, without marks."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return Narration(file.getvalue(), "audio/wav", round(len(samples) * 1000 / rate), ())


def decoded(audio: bytes) -> tuple[Sound, int]:
    """Samples and rate, by libsndfile."""
    samples, rate = soundfile.read(io.BytesIO(audio), dtype="float32")
    return samples, int(rate)


def noise(seconds: float, rate: int = 24_000, seed: int = 1, channels: int = 1, level: float = 0.1) -> Sound:
    """Unlike that of any other seed, so that `position_ms` can find it."""
    count = int(seconds * rate)
    shape = count if channels == 1 else (count, channels)
    return level * np.random.default_rng(seed).standard_normal(shape).clip(-3, 3)


def position_ms(sound: Sound, within: Sound, rate: int, near_ms: int) -> float:
    """Where a sound fits best in another of the same rate, within 300 ms of `near_ms`."""
    first = max(0, (near_ms - 300) * rate // 1000)
    window = within[first : first + len(sound) + 600 * rate // 1000]
    return float((first + np.argmax(correlate(window, sound, mode="valid"))) * 1000 / rate)
