"""Every story equally loud, and none clipped: EBU R 128 loudness by pyloudnorm, true peaks by a limiter."""

from __future__ import annotations

import warnings
from typing import cast

import numpy as np

from pipeline.engines.embedded.pcm import Samples

TARGET_LUFS = -19.0  # mono speech; as loud to the ear as the stereo -16 that podcasts aim at
CEILING = 10 ** (-2.0 / 20)  # the promise is -1 dBFS after the codec, which adds up to 0.6 dB
_OVERSAMPLING = 4  # ITU-R BS.1770-4, annex 2: between samples a signal may rise above them
_LOOKAHEAD_MS = 5
_MIN_SECONDS = 0.4  # one gating block of BS.1770; shorter sounds are measured with silence after them
_ROUNDS = 4  # limiting takes a little loudness away, so gain and limiter are set together
_NEAR_LU = 0.02
_VOICE_LUFS, _VOICE_PEAK = -21.0, 0.95


def prepare() -> None:
    """Imports what the functions below need: scipy takes a second."""
    import pyloudnorm  # noqa: F401
    import scipy.ndimage  # noqa: F401


def integrated(samples: Samples, rate: int) -> float | None:
    """LUFS; None for silence, which has no loudness."""
    import pyloudnorm  # brings scipy: a second that a story made before does not wait for

    lacking = max(0, int(rate * _MIN_SECONDS) + 1 - len(samples))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # log10(0) of silent blocks
        level = float(pyloudnorm.Meter(rate).integrated_loudness(np.pad(samples, (0, lacking))))
    return level if np.isfinite(level) else None


def levelled(samples: Samples, level: float) -> Samples:
    """A voice brought to the loudness that all voices have; less loud where it would clip.

    level: the voice's own, measured once, in LUFS: an evenly loud voice needs no measuring of each sentence.
    """
    gain = 10 ** ((_VOICE_LUFS - level) / 20)
    peak = float(abs(samples).max(initial=0.0)) * gain
    return cast(Samples, samples * np.float32(gain / max(1.0, peak / _VOICE_PEAK)))


def true_peaks(samples: Samples) -> Samples:
    """The highest level between each sample and the next, found by oversampling."""
    from scipy.signal import resample_poly

    finer = np.abs(resample_poly(samples, _OVERSAMPLING, 1))
    return cast(Samples, finer.reshape(len(samples), _OVERSAMPLING).max(axis=1))


def normalise(samples: Samples, rate: int) -> Samples:
    """At TARGET_LUFS, true peaks under CEILING. Silence is returned as it is."""
    louder = samples
    for _ in range(_ROUNDS):
        level = integrated(louder, rate)
        if level is None:
            return samples
        if abs(level - TARGET_LUFS) < _NEAR_LU:
            break
        gain = 10 ** ((TARGET_LUFS - level) / 20)
        louder = limit(louder * np.float32(gain), rate)
    return louder


def limit(samples: Samples, rate: int) -> Samples:
    """Turn down only around peaks: 5 ms before and after them, smoothly; elsewhere nothing changes."""
    from scipy.ndimage import minimum_filter1d

    wanted = np.minimum(1.0, CEILING / np.maximum(true_peaks(samples), 1e-9))
    if wanted.min(initial=1.0) >= 1.0:
        return samples
    width = 2 * (rate * _LOOKAHEAD_MS // 1000) + 1
    # The minimum reaches as far as the average does, so that no average rises above what is wanted.
    held = minimum_filter1d(np.pad(wanted, width, constant_values=1.0), width)
    window = np.hanning(width + 2)[1:-1]
    gain = np.convolve(held, window / window.sum(), mode="same")[width:-width]
    return (samples * gain).astype(np.float32)
