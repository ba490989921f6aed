"""Two English voices side by side: what is understood of them, where their marks are, what they cost.

`python -m bench voices`; `python -m bench.voices ENGINE` speaks the fixed text alone, for its memory.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench import processes
from bench.figures import Finding, Result, Run, Spread, interleaved, single, spread
from bench.listener import Listener
from bench.machine import model_path
from bench.narration import WEIGHTS, Recognizer
from pipeline.engines.embedded import fetch
from pipeline.engines.embedded.models import models_dir
from pipeline.engines.embedded.progress import progress_on
from pipeline.engines.registry import create
from pipeline.ports import SpeechEngine
from pipeline.story.text import sentences
from pipeline.types import Voice

FOLDER = Path(__file__).parent
VOICES = {"hibari": Voice("heart", "en", "hibari"), "kokoro": Voice("af_heart", "en", "kokoro")}
_STORY = re.compile(r"^\*accepted.*?\*\n\n\*\*.*?\*\*\n(.+)$", re.MULTILINE)
_NEAR_MS = 150.0  # "near" in a note


def engine(name: str) -> SpeechEngine:
    """With one thread, whatever a profile gives it."""
    options: dict[str, Any] = {}
    if name == "kokoro":
        options = {
            "model": lambda: model_path("kokoro-82m-int8"),
            "voices": lambda: model_path("kokoro-voices"),
            "threads": 1,
        }
    speech: SpeechEngine = create(name, **options)
    return speech


def fixed_text() -> str:
    """The English text of the bench `narration`."""
    return " ".join(tomllib.loads((FOLDER / "narration.toml").read_text("utf-8"))["en"]["text"].split())


def stories() -> list[str]:
    """The twenty that the local model wrote for bench/story_sheet."""
    return _STORY.findall((FOLDER / "story_sheet" / "stories.md").read_text("utf-8"))


def hard_sentences() -> dict[str, list[dict[str, str]]]:
    return tomllib.loads((FOLDER / "voices.toml").read_text("utf-8"))


def measure(quick: bool) -> Result:
    weights = fetch.ensure([WEIGHTS], models_dir(os.environ), progress_on(sys.stderr))[WEIGHTS]
    listener = Listener(Recognizer(weights), create("lame"))
    engines = {name: engine(name) for name in VOICES}
    texts = [fixed_text(), *stories()[: 4 if quick else None]]
    for name, speech in engines.items():
        speech.synthesize("Good night.", VOICES[name])  # loads it, outside the figures
    first, second = (
        lambda number, name=name: listener.story(engines[name], VOICES[name], texts[number])
        for name in VOICES
    )
    pairs = interleaved(first, second, len(texts))
    findings: list[Finding] = []
    runs: dict[str, Any] = {}
    for position, name in enumerate(VOICES):
        spoken_texts = [pair[position] for pair in pairs]
        hard = {
            kind: listener.hard(engines[name], VOICES[name], rows) for kind, rows in hard_sentences().items()
        }
        alone = processes.run("bench.voices", name)
        findings += _findings(name, spoken_texts, hard, alone)
        runs[name] = {"texts": spoken_texts, "hard": hard, "alone": alone}
    return Result(findings, runs)


def _findings(name: str, texts: Sequence[Run], hard: dict[str, Run], alone: Run) -> Iterator[Finding]:
    def finding(what: str, figure: Spread, unit: str = "", note: str = "") -> Finding:
        return Finding("voices", f"{name}: {what}", figure, unit, None, note)

    yield finding("word error rate, fixed text", single(texts[0]["rate"]))
    spoken = texts[1:]
    misheard = sum(run["rate"] * run["words"] for run in spoken) / sum(run["words"] for run in spoken)
    yield finding("word error rate, all stories as one text", single(misheard))
    yield finding("word error rate, each story", spread(run["rate"] for run in spoken))
    for kind, run in hard.items():
        yield finding(f"word error rate, {kind}", single(run["rate"]), "", " / ".join(run["transcripts"]))
    for clock, what in (("heard", "marks against the ear's"), ("onsets", "marks against sound after pauses")):
        late = [late for run in texts for late in run[clock]]
        tenths = quantiles(late, n=10)
        near = sum(abs(figure) <= _NEAR_MS for figure in late) / len(late)
        note = f"a tenth under {tenths[0]:.0f}, a tenth over {tenths[-1]:.0f}; {near:.0%} near"
        yield finding(f"{what}, late by", Spread(tenths[4], min(late), max(late), len(late)), "ms", note)
    yield finding("loudness of stories before joining", spread(run["lufs"] for run in texts), "LUFS")
    yield finding("CPU for a second of sound", spread(run["cpu_s"] / run["audio_s"] for run in texts), "s")
    yield finding("words a minute", spread(run["per_minute"] for run in texts))
    yield finding("first sentence, with loading", single(alone["first_s"]), "s")
    yield finding("most memory, with the program around it", single(alone["memory"] / 1e6), "MB")


def main() -> None:
    name = sys.argv[1]
    speech = engine(name)
    start = time.perf_counter()
    speech.synthesize("Good night.", VOICES[name])
    first_s = time.perf_counter() - start
    for sentence in sentences(fixed_text()):
        speech.synthesize(sentence, VOICES[name])
    print(json.dumps({"first_s": first_s, "memory": _most_memory()}))


def _most_memory() -> int:
    """Bytes, of this program alone: ru_maxrss would count the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    main()
