"""How well each locale's voice is understood: the word error rate of Whisper base on a fixed text."""

from __future__ import annotations

import os
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

from bench.ear import EAR, Ear, error_rate
from bench.figures import Finding, Target, spread
from bench.result import Result
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


def measure(quick: bool) -> Result:
    settings = Settings.from_env(os.environ)
    directory = models_dir(settings)
    ear = Ear(fetch.ensure([EAR], directory, progress_on(sys.stderr))[EAR])
    app = build_app(settings, MemoryStore())
    texts = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    findings, details = [], {}
    for locale in QUICK if quick else texts:
        text, bound = " ".join(texts[locale]["text"].split()), texts[locale].get("target")
        told = _heard(app.chains[locale], app.encoder, ear, text)
        details[locale] = told
        findings.append(
            Finding(
                "narration",
                f"word error rate, {locale}, {told['voice']}",
                spread([told["rate"]]),
                "",
                Target(bound) if bound else None,
            )
        )
    return Result(findings, details)


def _heard(chain: Chain, encoder: AudioEncoder, ear: Ear, text: str) -> dict[str, Any]:
    began = time.perf_counter()
    narrations = [chain.speech.synthesize(sentence, chain.voice) for sentence in sentences(text)]
    spoke = time.perf_counter() - began
    recording = encoder.join(narrations)
    heard = ear.hear(recording.audio, language(chain.locale))
    return {
        "voice": f"{chain.speech.fingerprint.partition('/')[0]} {chain.voice.id}",
        "rate": error_rate(text, heard),
        "words": len(words(text)),
        "audio_s": recording.duration_ms / 1000,
        "speaking_s": round(spoke, 2),
        "heard": heard,
    }
