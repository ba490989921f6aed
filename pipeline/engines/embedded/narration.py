"""A Narration from a voice's sound and phonemes: trimmed, as WAV, with a mark for each word."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.engines.embedded import pcm
from pipeline.engines.embedded.alignment import Anchor, Spoken, first_phonemes, speech_marks, words
from pipeline.errors import EngineError
from pipeline.types import Narration


def narration(
    text: str,
    spoken: Spoken,
    anchors: Sequence[Anchor],
    samples: pcm.Samples,
    rate: int,
    times_ms: Sequence[float],
) -> Narration:
    """anchors: the words of the spoken text. times_ms: when each phoneme begins, and the end of the last."""
    trimmed, cut_ms = pcm.trim(samples, rate)
    duration_ms = pcm.milliseconds(trimmed, rate)
    spans = words(text)
    firsts = first_phonemes(spans, spoken.original(anchors), len(times_ms) - 1)
    marks = speech_marks(text, spans, [times_ms[first] - cut_ms for first in firsts], duration_ms)
    return Narration(pcm.to_wav(trimmed, rate), pcm.WAV, duration_ms, marks)


def nothing_to_say(text: str, engine: str) -> EngineError:
    return EngineError(f"there is no word to say in {text!r}", engine=engine, problem="nothing-to-say")
