"""Speaks and hears: a text's word error rate, how late its marks are, how loud it is, what it cost."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from bench.figures import Run
from bench.narration import Recognizer, error_rate, plain
from pipeline.ports import AudioEncoder, SpeechEngine
from pipeline.story.text import sentences
from pipeline.types import Narration, Recording, Voice

_FRAME_MS, _QUIET_DB, _PAUSE_MS = 5, -38.0, 150


class Listener:
    """Speaks and hears."""

    def __init__(self, recognizer: Recognizer, encoder: AudioEncoder) -> None:
        self._recognizer = recognizer
        self._encoder = encoder

    def story(self, speech: SpeechEngine, voice: Voice, text: str) -> Run:
        start = time.process_time()
        narrations = [speech.synthesize(sentence, voice) for sentence in sentences(text)]
        cpu = time.process_time() - start
        recording = self._encoder.join(narrations)
        words = self._recognizer.words(recording.audio, "en")
        transcript = " ".join(word for word, _ in words)
        audio_s = sum(narration.duration_ms for narration in narrations) / 1000
        marks = _marks(narrations, recording)
        return {
            "rate": error_rate(text, transcript),
            "words": len(plain(text).split()),
            "transcript": transcript,
            "cpu_s": cpu,
            "audio_s": audio_s,
            "per_minute": len(marks) * 60 / audio_s,
            "lufs": _lufs(narrations),
            "heard": lateness_ms(marks, words),
            "onsets": [late for narration in narrations for late in _late_after_pauses(narration)],
        }

    def hard(self, speech: SpeechEngine, voice: Voice, rows: Sequence[dict[str, str]]) -> Run:
        """rate: words misheard over the words of all rows."""
        misheard, count, transcripts = 0.0, 0, []
        for row in rows:
            recording = self._encoder.join([speech.synthesize(row["text"], voice)])
            transcript = self._recognizer.transcribe(recording.audio, "en")
            rate, text = min((error_rate(text, transcript), text) for text in row.values())
            words = len(plain(text).split())
            misheard, count = misheard + rate * words, count + words
            transcripts.append(transcript)
        return {"rate": misheard / count, "transcripts": transcripts}


def _marks(narrations: Sequence[Narration], recording: Recording) -> list[tuple[str, float]]:
    """Each word and when it begins, in ms of the joined sound."""
    return [
        (mark.value, start + mark.time_ms)
        for narration, start in zip(narrations, recording.starts_ms, strict=True)
        for mark in narration.marks
    ]


def lateness_ms(marks: Sequence[tuple[str, float]], recognised: Sequence[tuple[str, float]]) -> list[float]:
    """By how many ms marks are later than the ear's own clock, of the words that it heard right."""
    spoken, written = ([plain(word) for word, _ in words] for words in (marks, recognised))
    blocks = SequenceMatcher(None, spoken, written, autojunk=False).get_matching_blocks()
    return [marks[block.a + i][1] - recognised[block.b + i][1] for block in blocks for i in range(block.size)]


def _late_after_pauses(narration: Narration) -> list[float]:
    """By how many ms the nearest mark is later than where sound begins after silence of 150 ms or more."""
    import numpy as np

    samples, rate = _sound(narration)
    frame = rate * _FRAME_MS // 1000
    level = np.sqrt(np.mean(np.square(samples[: len(samples) // frame * frame].reshape(-1, frame)), axis=1))
    loud = np.flatnonzero(level > level.max() * 10 ** (_QUIET_DB / 20))
    begins = [int(loud[i + 1]) * _FRAME_MS for i in np.flatnonzero(np.diff(loud) * _FRAME_MS > _PAUSE_MS)]
    return [min((float(mark.time_ms - begin) for mark in narration.marks), key=abs) for begin in begins]


def _lufs(narrations: Sequence[Narration]) -> float:
    """Of all sentences, one after another."""
    import numpy as np
    import pyloudnorm

    sounds = [_sound(narration) for narration in narrations]
    return float(pyloudnorm.Meter(sounds[0][1]).integrated_loudness(np.concatenate([s for s, _ in sounds])))


def _sound(narration: Narration) -> tuple[Any, int]:
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(narration.audio), dtype="float32")
    return samples, int(rate)
