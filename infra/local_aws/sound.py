"""Polly's output: the backing's sound in a format of Polly's, and marks with byte offsets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import lameenc
import numpy as np

from infra.local_aws.ssml import Utterance
from infra.local_aws.wire import dumps
from pipeline.engines.embedded import pcm
from pipeline.errors import EngineError
from pipeline.story.text import sentences
from pipeline.types import Narration, SpeechMark

_KBPS = 48  # measured on the service's mp3s at 24 kHz by others; 22.05 kHz alike
_LAME_QUALITY = 5
_MAX_SECONDS = 600  # "the audio stream is cut at 10 minutes", without an error
_WORDLESS_MS = 100
_RATE = 24_000

Speak = Callable[[str], Narration]


@dataclass(frozen=True)
class Sound:
    """Samples at 24 kHz, and the words' marks, with offsets in the utterance's text."""

    samples: pcm.Samples
    marks: tuple[SpeechMark, ...]


def say(utterance: Utterance, speak: Speak) -> Sound:
    """The utterance piece by piece, with the silence of each break between."""
    parts: list[pcm.Samples] = []
    marks: list[SpeechMark] = []
    for start, end, pause in utterance.pieces():
        at = pcm.milliseconds(np.concatenate(parts), _RATE) if parts else 0
        text = utterance.text[start:end]
        if text.strip():
            samples, spoken = _piece(text, speak)
            parts.append(samples)
            marks += [
                SpeechMark(at + mark.time_ms, start + mark.start, start + mark.end, mark.value)
                for mark in spoken
            ]
        parts.append(pcm.silence(pause, _RATE))
    return Sound(np.concatenate(parts), tuple(marks))


def encode(samples: pcm.Samples, media: str, rate: int) -> bytes:
    """media: "mp3", or "pcm" (16-bit little-endian). Cut at ten minutes without an error."""
    cut = pcm.resample(samples[: _MAX_SECONDS * _RATE], _RATE, rate)
    return _ENCODERS[media](cut, rate)


def marks(utterance: Utterance, sound: Sound, source: str, kinds: Iterable[str]) -> bytes:
    """JSON, one a line, in order of time. start, end: bytes of `source`, as it was sent."""
    wanted = set(kinds)
    sent = source.encode()
    lines = [_mark("word", mark, utterance, mark.value) for mark in sound.marks] if "word" in wanted else []
    if "sentence" in wanted:
        lines += list(_sentences(utterance, sound, sent))
    return b"".join(
        dumps(mark) + b"\n" for mark in sorted(lines, key=lambda mark: (mark["time"], mark["type"]))
    )


def _piece(text: str, speak: Speak) -> tuple[pcm.Samples, tuple[SpeechMark, ...]]:
    try:
        narration = speak(text)
    except EngineError as error:
        if error.problem != "nothing-to-say":
            raise
        return pcm.silence(_WORDLESS_MS, _RATE), ()
    samples, rate = pcm.from_wav(narration.audio)
    return pcm.resample(samples, rate, _RATE), narration.marks


def _sentences(utterance: Utterance, sound: Sound, sent: bytes) -> Iterable[dict[str, Any]]:
    """A sentence's value is its source, markup included."""
    place = 0
    for sentence in (part for line in utterance.text.split("\n") for part in sentences(line)):
        match = re.compile(r"\s+".join(map(re.escape, sentence.split()))).search(utterance.text, place)
        if match is None:
            continue
        place = match.end()
        first = next((mark for mark in sound.marks if mark.start >= match.start()), None)
        spoken = SpeechMark(first.time_ms if first else 0, match.start(), match.end(), "")
        bounds = utterance.starts[match.start()], utterance.ends[match.end() - 1]
        yield _mark("sentence", spoken, utterance, sent[slice(*bounds)].decode())


def _mark(kind: str, mark: SpeechMark, utterance: Utterance, value: str) -> dict[str, Any]:
    return {
        "time": mark.time_ms,
        "type": kind,
        "start": utterance.starts[mark.start],
        "end": utterance.ends[mark.end - 1],
        "value": value,
    }


def _mp3(samples: pcm.Samples, rate: int) -> bytes:
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(_KBPS)
    encoder.set_in_sample_rate(rate)
    encoder.set_channels(1)
    encoder.set_quality(_LAME_QUALITY)
    encoder.silence()
    return bytes(encoder.encode(pcm.to_int16(samples))) + bytes(encoder.flush())


def _pcm(samples: pcm.Samples, rate: int) -> bytes:
    return pcm.to_int16(samples)


_ENCODERS = {"mp3": _mp3, "pcm": _pcm}
