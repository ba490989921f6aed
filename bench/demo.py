"""The demo's flow, a process for each locale, over ours: one command for the same locales, from a cold start.

The demo's way has the same writer, translates by it, speaks by Kokoro, checks nothing and keeps nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench import processes
from bench.figures import Finding, Result, Run, Target, against, interleaved, ratios, seconds
from bench.machine import Stopwatch
from bench.overhead import LOCALES as FOUR
from bench.stories import IDEAS

# Locales -> the least ratio. French, Italian, Spanish have no translator here: the local model drafts them.
_QUICK = ("en", "pt")
CASES = {("en",): 2, _QUICK: 3, FOUR: 3}


def measure(quick: bool) -> Result:
    """Quick: one pair, of English and Portuguese; four locales take five minutes a side."""
    cases = [_QUICK] if quick else list(CASES)
    results = [_measure(case, 1 if quick else 3) for case in cases]
    return Result(
        [finding for result in results for finding in result.findings],
        {name: pairs for result in results for name, pairs in result.details.items()},
    )


def _measure(locales: tuple[str, ...], count: int) -> Result:
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as name:
        folder = Path(name)
        pairs = interleaved(
            lambda number: _demo(IDEAS[number], locales, folder),
            lambda number: _ours(IDEAS[number], locales, folder / f"store-{number}"),
            count,
        )
    name = " + ".join(locales)
    what, target = f"the demo's flow / ours, a story in {name}", Target(CASES[locales], at_least=True)
    finding = Finding(f"demo {name}", what, ratios(seconds(pairs)), "×", target, against(pairs))
    return Result([finding], {name: pairs})


def _demo(idea: str, locales: tuple[str, ...], folder: Path) -> Run:
    with Stopwatch() as watch:
        steps = {
            locale: processes.run("bench.naive", "embedded", idea, locale, folder / f"{locale}.mp3")
            for locale in locales
        }
    return {**watch.figures, "steps": steps}


def _ours(idea: str, locales: tuple[str, ...], out: Path) -> Run:
    """Raises CalledProcessError if no draft passed the checks: then there is nothing to compare."""
    options = [part for locale in locales for part in ("--locale", locale)]
    command = [sys.executable, "-m", "pipeline.cli", "make", "--out", str(out), *options, "--", idea]
    with Stopwatch() as watch:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {**watch.figures, "log": done.stderr[-2000:]}
