"""One mp3 from a story's narrations: joined as PCM, made equally loud, encoded once."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import lameenc
import numpy as np
import pyloudnorm

from pipeline.engines.embedded import pcm
from pipeline.types import Narration, Recording

RATE = 24_000
KBPS = 64
LOUDNESS_LUFS = -19.0
_LEAD_MS = 200
_PAUSE_MS = 350
# A sample never goes above this, so that the mp3's own overshoot (measured: under 1 dB) does not clip.
_CEILING = 10 ** (-1.5 / 20)
_KNEE = 0.7
_BLOCK_S = 0.4
# LAME scales what it is given by 0.95 (seen: decoded stories were 0.44 dB too quiet).
_SCALED_DB = -20 * math.log10(0.95)
# 576 samples of encoder delay and 529 of decoder delay. lameenc writes no header that would let a player
# cut them, so every listener hears them first (measured by cross-correlation with libsndfile's decoding).
_DELAY_MS = (576 + 529) * 1000 / RATE


class LameEncoder:
    """Mono, 24 kHz, 64 kbit/s constant, -19 LUFS (ITU-R BS.1770). Stateless."""

    fingerprint = f"lame/{KBPS}k-{RATE}/1"

    def join(self, narrations: Sequence[Narration]) -> Recording:
        """A short lead, then the segments with a pause between them. Raises EngineError: not WAV."""
        parts = [pcm.silence(_LEAD_MS, RATE)]
        starts: list[int] = []
        length = len(parts[0])
        for narration in narrations:
            starts.append(round(length * 1000 / RATE + _DELAY_MS))
            samples = pcm.resample(*pcm.from_wav(narration.audio), RATE)
            parts += [samples, pcm.silence(_PAUSE_MS, RATE)]
            length += len(parts[-2]) + len(parts[-1])
        sound = _even(np.concatenate(parts))
        mp3 = _encode(sound)
        # Constant bit rate: 64 bits a millisecond.
        return Recording(mp3, len(mp3) * 8 // KBPS, tuple(starts), _rounded(_loudness(sound) - _SCALED_DB))


def _even(samples: pcm.Samples) -> pcm.Samples:
    """To -19 LUFS. Peaks above the ceiling are bent, and the gain corrected for what that took away."""
    before = _loudness(samples)
    if not math.isfinite(before):
        return samples
    wanted = LOUDNESS_LUFS + _SCALED_DB
    gain = wanted - before
    for _ in range(3):
        bent = _limit(samples * np.float32(10 ** (gain / 20)))
        gain += wanted - _loudness(bent)
    return bent


def _limit(samples: pcm.Samples) -> pcm.Samples:
    """Straight up to the knee, then a tanh that approaches the ceiling: no clipping, no hard corner."""
    knee = _KNEE * _CEILING
    over = np.abs(samples) - knee
    room = _CEILING - knee
    bent = np.sign(samples) * (knee + room * np.tanh(over / room))
    return np.where(over > 0, bent, samples).astype(np.float32)


def _loudness(samples: pcm.Samples) -> float:
    """Integrated, in LUFS; -inf for silence or for less than one gating block."""
    if len(samples) < _BLOCK_S * RATE:
        return -math.inf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # silence: log of zero
        return float(pyloudnorm.Meter(RATE).integrated_loudness(samples))


def _encode(samples: pcm.Samples) -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(KBPS)
    encoder.set_in_sample_rate(RATE)
    encoder.set_channels(1)
    encoder.set_quality(2)
    encoder.silence()
    return bytes(encoder.encode(pcm.to_int16(samples)) + encoder.flush())


def _rounded(loudness: float) -> float | None:
    return round(loudness, 2) if math.isfinite(loudness) else None
