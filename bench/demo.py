"""The demo's flow, a process for each locale, over ours: one command for the same locales."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench import processes
from bench.figures import Finding, Result, Run, Target, against, interleaved, ratios, seconds
from bench.machine import Stopwatch
from bench.overhead import LOCALES
from bench.stories import IDEAS


def measure(quick: bool) -> Result:
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as name:
        folder = Path(name)
        pairs = interleaved(
            lambda number: _demo(IDEAS[number], folder),
            lambda number: _ours(IDEAS[number], folder / f"store-{number}"),
            1 if quick else 3,
        )
    what, target = "the demo's flow / ours, 1 story × 4 locales", Target(3, at_least=True)
    finding = Finding("demo", what, ratios(seconds(pairs)), "×", target, against(pairs))
    return Result([finding], {"pairs": pairs})


def _demo(idea: str, folder: Path) -> Run:
    with Stopwatch() as watch:
        steps = {
            locale: processes.run("bench.naive", "embedded", idea, locale, folder / f"{locale}.mp3")
            for locale in LOCALES
        }
    return {**watch.figures, "steps": steps}


def _ours(idea: str, out: Path) -> Run:
    """Raises CalledProcessError if no draft passed the checks: then there is nothing to compare."""
    locales = [part for locale in LOCALES for part in ("--locale", locale)]
    command = [sys.executable, "-m", "pipeline.cli", "make", "--out", str(out), *locales, "--", idea]
    with Stopwatch() as watch:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {**watch.figures, "log": done.stderr[-2000:]}
