"""The demo's flow, a process for each locale, over ours: one command for the same locales."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import Finding, Target, interleaved, ratios
from bench.locales import LOCALES
from bench.machine import OtherLoad
from bench.result import Result, others
from bench.stories import IDEAS


def measure(quick: bool) -> Result:
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as name:
        folder = Path(name)
        pairs = interleaved(
            lambda number: _theirs(IDEAS[number], folder),
            lambda number: _ours(IDEAS[number], folder / f"store-{number}"),
            1 if quick else 3,
        )
    walls = [(theirs["wall"], ours["wall"]) for theirs, ours in pairs]
    told = "; ".join(f"{theirs:.0f} s against {ours:.0f} s" for theirs, ours in walls)
    finding = Finding(
        "demo",
        "the demo's flow / ours, 1 story × 4 locales",
        ratios(walls),
        "×",
        Target(3, at_least=True),
        f"{told}; {others(pairs)}",
    )
    return Result([finding], {"pairs": pairs})


def _theirs(idea: str, folder: Path) -> dict[str, Any]:
    began = time.perf_counter()
    with OtherLoad() as load:
        steps = {locale: _naive(idea, locale, folder / f"{locale}.mp3") for locale in LOCALES}
    return {"wall": time.perf_counter() - began, "steps": steps, "other_cores": load.cores}


def _naive(idea: str, locale: str, out: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.naive", idea, locale, str(out)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def _ours(idea: str, out: Path) -> dict[str, Any]:
    """Raises CalledProcessError where no draft passed the checks: then there is nothing to compare."""
    wanted = [part for locale in LOCALES for part in ("--locale", locale)]
    command = [sys.executable, "-m", "pipeline.cli", "make", "--out", str(out), *wanted, "--", idea]
    began = time.perf_counter()
    with OtherLoad() as load:
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True
        )
    return {"wall": time.perf_counter() - began, "told": done.stderr[-2000:], "other_cores": load.cores}
