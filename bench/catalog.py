"""A catalog on the draft engines: in chunks, over a plain loop of the steps and the demo's way; its plan."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import Finding, Spread, Target, interleaved, ratios, spread
from bench.machine import OtherLoad
from bench.result import Result, others
from bench.stories import IDEAS

LOCALES = ("en", "pt", "fr", "it")
# stories, pairs of runs, the demo's runs: a run of the demo's makes one story in one language.
_QUICK, _WHOLE = (8, 1, 2), (32, 3, 8)
_PLANNED = {"small": 1_000, "large": 10_000}


def measure(quick: bool) -> Result:
    stories, count, naive = _QUICK if quick else _WHOLE
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as name:
        folder = Path(name)
        pairs = interleaved(
            lambda number: _side("loop", folder / f"loop-{number}", stories, number),
            lambda number: _side("batch", folder / f"batch-{number}", stories, number),
            count,
        )
        again = [_side("batch", folder / f"batch-{number}", stories, number) for number in range(count)]
        demo = [_demo(number, folder) for number in range(naive)]
        plans = {name: _side("plan", folder / name, size, 0) for name, size in _PLANNED.items()}
    batches = [batch for _, batch in pairs]
    made = stories * len(LOCALES)
    a_batch = spread(batch["seconds"] / made for batch in batches)
    rate = f"{3600 / a_batch.median:.0f} stories × languages an hour"
    size = f"{stories} stories × {len(LOCALES)} languages"
    walls = [(loop["seconds"], batch["seconds"]) for loop, batch in pairs]
    told = "; ".join(f"{loop:.0f} s against {batch:.0f} s" for loop, batch in walls)
    findings = [
        Finding(
            "catalog / loop",
            f"a loop of the steps / in chunks, {size}, draft",
            ratios(walls),
            "×",
            None,
            f"{told}; {rate}; {others(pairs)}",
        ),
        Finding(
            "catalog / demo",
            f"the demo's way / in chunks, {size}, draft",
            spread(one / a_batch.median for one in demo),
            "×",
            Target(4, at_least=True),
            f"a story in a language: {spread(demo).median:.2f} s against {a_batch.median:.2f} s",
        ),
        Finding(
            "catalog again",
            "first run / the same again",
            ratios([(one["seconds"], two["seconds"]) for one, two in zip(batches, again, strict=True)]),
            "×",
            Target(50, at_least=True),
            f"{sum(one['calls'] for one in again)} engine calls",
        ),
        *_plan_findings(plans),
    ]
    return Result(findings, {"pairs": pairs, "again": again, "demo": demo, "plans": plans})


def _plan_findings(plans: dict[str, dict[str, Any]]) -> list[Finding]:
    small, large = plans["small"], plans["large"]
    growth = large["peak"] / small["peak"]
    a_story = (large["seconds"] / _PLANNED["large"]) / (small["seconds"] / _PLANNED["small"])
    return [
        Finding(
            "plan",
            f"{_PLANNED['large']:,} entries × {len(LOCALES)} languages, fake",
            _one(large["seconds"]),
            "s",
            None,
            f"{large['chunks']} chunks; peak {large['peak'] / 1e6:.0f} MB, {growth:.2f} × that of a tenth",
        ),
        Finding("plan growth", "a story's time of 10,000 / of 1,000", _one(a_story), "×", Target(1.2)),
        Finding("plan memory", "peak of planning 10,000", _one(large["peak"] / 1e6), "MB", Target(300)),
    ]


def _one(figure: float) -> Spread:
    return spread([figure])


def _side(what: str, out: Path, stories: int, variant: int) -> dict[str, Any]:
    """A process of its own each: engines are loaded by both sides alike."""
    command = [sys.executable, "-m", "bench.catalog_side", what, str(out), str(stories), str(variant)]
    with OtherLoad() as load:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {**json.loads(done.stdout.splitlines()[-1]), "other_cores": load.cores}


def _demo(number: int, folder: Path) -> float:
    """Seconds of one story in one language, process and all."""
    idea, locale = IDEAS[number % len(IDEAS)], LOCALES[number % len(LOCALES)]
    command = [sys.executable, "-m", "bench.naive_draft", idea, locale, str(folder / f"{number}.mp3")]
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began
