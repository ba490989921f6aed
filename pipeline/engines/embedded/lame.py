"""One mp3 of a whole story, encoded once from PCM: joined mp3s would drift 60 ms a segment."""

from __future__ import annotations

from collections.abc import Sequence

import lameenc
import numpy as np

from pipeline.engines.embedded import loudness, pcm
from pipeline.errors import EngineError
from pipeline.types import Narration, Recording

_KBPS = 64
_QUALITY = 2  # of LAME's 0 (slowest) to 9
_LEAD_IN_MS = 200
_PAUSE_MS = 350
_TAIL_MS = 300
_RATE = 24_000  # where narrations differ
_RATES = frozenset({16_000, 22_050, 24_000, 32_000, 44_100, 48_000})  # mp3 has them, and 64 kbps in them
# LAME's encoder delay and a decoder's own, in samples at any rate: lameenc writes no header that would
# let a player skip them. Measured by correlation after libsndfile and FFmpeg: 1105 exactly in both.
_DELAY = 576 + 529
_SCALE = 0.95  # LAME turns its input down by this at constant rates; measured: decoded is 0.43 LU quieter


class LameEncoder:
    """Mono, 64 kbps constant, at -19 LUFS. Thread-safe; the same narrations give the same bytes."""

    fingerprint = "lame/mono-64k/1"

    def prepare(self) -> None:
        loudness.prepare()

    def join(self, narrations: Sequence[Narration]) -> Recording:
        """starts_ms: in the decoded sound, with the decoder's delay. Raises EngineError."""
        if not narrations:
            raise EngineError("there is nothing to join: speak a segment first", engine="lame")
        samples, rate, starts = _lay_out(narrations)
        loud = loudness.normalise(samples, rate)
        audio = _encode(loud, rate)
        return Recording(
            audio=audio,
            duration_ms=round(len(audio) * 8 / _KBPS),
            starts_ms=tuple(round((start + _DELAY) * 1000 / rate) for start in starts),
            loudness_lufs=loudness.integrated(loud, rate),
        )


def _lay_out(narrations: Sequence[Narration]) -> tuple[pcm.Samples, int, list[int]]:
    """All segments with their pauses, the common rate, and at which sample each begins."""
    decoded = [pcm.from_wav(narration.audio) for narration in narrations]
    rates = {rate for _, rate in decoded}
    rate = rates.pop() if len(rates) == 1 and rates <= _RATES else _RATE
    pause = pcm.silence(_PAUSE_MS, rate)
    parts = [pcm.silence(_LEAD_IN_MS, rate)[_DELAY:]]
    starts = []
    for samples, own_rate in decoded:
        starts.append(sum(map(len, parts)))
        parts += [pcm.resample(samples, own_rate, rate), pause]
    parts[-1] = pcm.silence(_TAIL_MS, rate)
    return np.concatenate(parts), rate, starts


def _encode(samples: pcm.Samples, rate: int) -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(_KBPS)
    encoder.set_in_sample_rate(rate)
    encoder.set_channels(1)
    encoder.set_quality(_QUALITY)
    encoder.silence()
    return bytes(encoder.encode(pcm.to_int16(samples / _SCALE))) + bytes(encoder.flush())
