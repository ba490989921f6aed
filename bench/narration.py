"""How well each locale's voice is understood: the word error rate of Whisper base on a fixed text."""

from __future__ import annotations

import io
import os
import re
import sys
import time
import tomllib
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.figures import Finding, Result, Run, Target, single
from pipeline.app import Chain
from pipeline.bootstrap import build_app, models_dir
from pipeline.config.settings import Settings
from pipeline.engines.embedded import fetch
from pipeline.engines.embedded.progress import progress_on
from pipeline.engines.fake import MemoryStore
from pipeline.ports import AudioEncoder
from pipeline.story.locales import language
from pipeline.story.text import sentences, words

QUICK = ("en", "fr")
WEIGHTS = "whisper-base"
# whisper-base.bin is these four files, one after another; sizes in bytes (models.toml pins the whole).
FILES = (
    ("model.bin", 145_217_607),
    ("tokenizer.json", 3_930_462),
    ("vocabulary.json", 1_068_101),
    ("config.json", 2_309),
)
RATE = 16_000
_SEPARATORS = re.compile(r"[\s\-–—'’]+")


def measure(quick: bool) -> Result:
    settings = Settings.from_env(os.environ)
    recognizer = Recognizer(fetch.ensure([WEIGHTS], models_dir(settings), progress_on(sys.stderr))[WEIGHTS])
    app = build_app(settings, MemoryStore())
    texts = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    runs: dict[str, Run] = {}
    findings = []
    for locale in QUICK if quick else texts:
        text, bound = " ".join(texts[locale]["text"].split()), texts[locale].get("target")
        runs[locale] = run = _transcribe(app.chains[locale], app.encoder, recognizer, text)
        what, target = f"word error rate, {locale}, {run['voice']}", Target(bound) if bound else None
        findings.append(Finding("narration", what, single(run["rate"]), "", target))
    return Result(findings, runs)


def _transcribe(chain: Chain, encoder: AudioEncoder, recognizer: Recognizer, text: str) -> Run:
    start = time.perf_counter()
    narrations = [chain.speech.synthesize(sentence, chain.voice) for sentence in sentences(text)]
    speaking = time.perf_counter() - start
    recording = encoder.join(narrations)
    transcript = recognizer.transcribe(recording.audio, language(chain.locale))
    return {
        "voice": f"{chain.speech.fingerprint.partition('/')[0]} {chain.voice.id}",
        "rate": error_rate(text, transcript),
        "words": len(words(text)),
        "audio_s": recording.duration_ms / 1000,
        "speaking_s": round(speaking, 2),
        "transcript": transcript,
    }


class Recognizer:
    """Whisper base, from its weights."""

    def __init__(self, path: Path) -> None:
        from faster_whisper import WhisperModel

        self._model: Any = WhisperModel(
            path.stem, device="cpu", compute_type="int8", cpu_threads=2, files=_split(path)
        )

    def transcribe(self, mp3: bytes, language: str) -> str:
        """What is heard, the same every time."""
        return " ".join(segment.text.strip() for segment in self._segments(mp3, language))

    def words(self, mp3: bytes, language: str) -> list[tuple[str, float]]:
        """Each word that is heard, and when it begins, in ms."""
        segments = self._segments(mp3, language, word_timestamps=True)
        return [(word.word.strip(), word.start * 1000) for segment in segments for word in segment.words]

    def _segments(self, mp3: bytes, language: str, **options: Any) -> Iterable[Any]:
        """With temperature 0, the language given, each window on its own."""
        import soundfile

        from pipeline.engines.embedded.pcm import resample

        samples, rate = soundfile.read(io.BytesIO(mp3), dtype="float32")
        segments, _ = self._model.transcribe(
            resample(samples, rate, RATE),
            language=language,
            beam_size=5,
            temperature=0,
            condition_on_previous_text=False,
            **options,
        )
        return segments  # type: ignore[no-any-return]


def plain(text: str) -> str:
    """Lower case, without punctuation; hyphens and apostrophes separate words."""
    text = _SEPARATORS.sub(" ", unicodedata.normalize("NFC", text).casefold())
    kept = "".join(char for char in text if char == " " or unicodedata.category(char)[0] in "LMN")
    return " ".join(kept.split())


def error_rate(text: str, transcript: str) -> float:
    """Words inserted, deleted or substituted, over the words of the text."""
    import jiwer

    return float(jiwer.wer(plain(text), plain(transcript)))


def _split(path: Path) -> dict[str, bytes]:
    data = memoryview(path.read_bytes())
    files, start = {}, 0
    for name, size in FILES:
        files[name] = bytes(data[start : start + size])
        start += size
    return files
