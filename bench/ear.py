"""Whisper base as a listener: what it hears of a narration, and how much of it is not what was said."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path
from typing import Any

# whisper-base.bin is these four, one after another; their sizes in bytes (models.toml pins the whole).
FILES = (
    ("model.bin", 145_217_607),
    ("tokenizer.json", 3_930_462),
    ("vocabulary.json", 1_068_101),
    ("config.json", 2_309),
)
EAR = "whisper-base"
RATE = 16_000
_APART = re.compile(r"[\s\-–—'’]+")


class Ear:
    def __init__(self, path: Path) -> None:
        from faster_whisper import WhisperModel

        self._model: Any = WhisperModel(
            path.stem, device="cpu", compute_type="int8", cpu_threads=2, files=_apart(path)
        )

    def hear(self, mp3: bytes, language: str) -> str:
        """Greedy of temperature 0, told the language, each window on its own: the same every time."""
        import soundfile

        from pipeline.engines.embedded.pcm import resample

        samples, rate = soundfile.read(io.BytesIO(mp3), dtype="float32")
        segments, _ = self._model.transcribe(
            resample(samples, rate, RATE),
            language=language,
            beam_size=5,
            temperature=0,
            condition_on_previous_text=False,
        )
        return " ".join(segment.text.strip() for segment in segments)


def plain(text: str) -> str:
    """Lower case, without punctuation; hyphens and apostrophes part words, as every hearer may."""
    text = _APART.sub(" ", unicodedata.normalize("NFC", text).casefold())
    kept = "".join(char for char in text if char == " " or unicodedata.category(char)[0] in "LMN")
    return " ".join(kept.split())


def error_rate(said: str, heard: str) -> float:
    """Words put in, left out or mistaken, over the words said."""
    import jiwer

    return float(jiwer.wer(plain(said), plain(heard)))


def _apart(path: Path) -> dict[str, bytes]:
    data = memoryview(path.read_bytes())
    files, start = {}, 0
    for name, size in FILES:
        files[name] = bytes(data[start : start + size])
        start += size
    return files
