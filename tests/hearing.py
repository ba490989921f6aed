"""Where sound begins and ends, by energy alone; and a narration made of given samples."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from pipeline.types import Narration

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
    """The samples as a speech engine would return them, without marks."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return Narration(file.getvalue(), "audio/wav", round(len(samples) * 1000 / rate), ())
