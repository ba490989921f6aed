"""Sound as numbers: float32 samples in -1..1, mono, and WAV (16-bit) around them."""

from __future__ import annotations

import io
import wave
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import EngineError

Samples = NDArray[np.float32]

WAV = "audio/wav"
_FULL_SCALE = 32768
_FRAME_MS = 10
_QUIET_DB = -45.0  # a frame this far below the loudest is silence; breath and final consonants are above
_EDGE_MS = 50
_FADE_MS = 5


def from_int16(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)


def to_int16(samples: Samples) -> bytes:
    whole = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    return whole.astype("<i2").tobytes()


def to_wav(samples: Samples, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(to_int16(samples))
    return file.getvalue()


def from_wav(data: bytes) -> tuple[Samples, int]:
    """Samples and their rate. Raises EngineError for anything but 16-bit mono PCM."""
    try:
        with wave.open(io.BytesIO(data), "rb") as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise EngineError("a narration is not 16-bit mono", problem="bad-audio")
            return from_int16(file.readframes(file.getnframes())), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise EngineError("a narration is not a WAV file: speak it again", problem="bad-audio") from error


def milliseconds(samples: Samples, rate: int) -> int:
    return round(len(samples) * 1000 / rate)


def silence(duration_ms: float, rate: int) -> Samples:
    return np.zeros(round(duration_ms * rate / 1000), dtype=np.float32)


def trim(samples: Samples, rate: int) -> tuple[Samples, float]:
    """Leave exactly 50 ms before and after the sound, cut or filled up; and how many ms went from the front.

    (Negative where silence was added.) Ends are faded over 5 ms, so that no cut clicks.
    """
    first, end = _sounding(samples, rate)
    edge = _EDGE_MS * rate // 1000
    front, back = max(0, first - edge), min(len(samples), end + edge)
    kept = _fade(samples[front:back], rate)
    before, after = edge - (first - front), edge - (back - end)
    return np.pad(kept, (before, after)), (front - before) * 1000 / rate


def _sounding(samples: Samples, rate: int) -> tuple[int, int]:
    """The first and one past the last sample of the frames that are not silent."""
    frame = rate * _FRAME_MS // 1000
    count = -(-len(samples) // frame)
    frames = np.pad(samples, (0, count * frame - len(samples))).reshape(count, frame)
    level = np.sqrt(np.mean(np.square(frames), axis=1))
    loud = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (_QUIET_DB / 20))
    if not loud.size:
        return 0, 0
    return int(loud[0]) * frame, min(len(samples), (int(loud[-1]) + 1) * frame)


def _fade(samples: Samples, rate: int) -> Samples:
    length = min(rate * _FADE_MS // 1000, len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
    faded = samples.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded


def resample(samples: Samples, rate: int, to: int) -> Samples:
    """Polyphase, with an anti-alias filter; unchanged where the rates are equal."""
    if rate == to:
        return samples
    from scipy.signal import resample_poly

    divisor = int(np.gcd(rate, to))
    return cast(Samples, resample_poly(samples, to // divisor, rate // divisor).astype(np.float32))
