"""From the tap on the page to the first word, to the whole and to the end, by the clock of a real browser.

`stories serve` on an empty store, embedded; a story was made before, so that models and what the machine
learned of itself are warm. The journeys are frontend tests' own browser: bench/first_word.mjs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bench import page
from bench.figures import Finding, Result, Run, Target, single, spread
from bench.processes import ROOT
from bench.stories import IDEAS

_SCRIPT = ROOT / "bench" / "first_word.mjs"
# What is asked -> the seconds to the first word, and to the whole.
_TARGETS = {"en": (16, 20), "pt": (18, None), "to pt": (3, None), "fr": (None, None), "to fr": (None, None)}
_WARM = {"name": "warm", "idea": "a duck who counts clouds", "locale": "en"}
_WARM_PT = {"name": "warm pt", "switch": "pt"}


def measure(quick: bool) -> Result:
    """Quick: one of each, without French, which the local model drafts for a minute."""
    count = 1 if quick else 3
    journeys: list[dict[str, str]] = []
    for idea in IDEAS[:count]:
        journeys += [{"name": "en", "idea": idea, "locale": "en"}, {"name": "to pt", "switch": "pt"}]
    journeys += [{"name": "pt", "idea": idea, "locale": "pt"} for idea in IDEAS[count : 2 * count]]
    if not quick:
        journeys += [{"name": "fr", "idea": IDEAS[2 * count], "locale": "fr"}]
    page.build()
    with page.served("embedded") as base:
        quiet = _listened(base, [_WARM, _WARM_PT, *journeys])[2:]
        with busy():
            beside = _listened(base, [{"name": "en", "idea": IDEAS[-1], "locale": "en"}])
    return Result(
        [*_lines(quiet, ""), *_lines(beside, " beside a busy loop")], {"quiet": quiet, "busy": beside}
    )


def _listened(base: str, journeys: Sequence[dict[str, str]]) -> list[Run]:
    """Each journey's times. STORIES_FILM: the folder for pictures of the page, every two seconds."""
    command = [str(page.BIN / "node"), str(_SCRIPT), base, json.dumps(journeys)]
    if film := os.environ.get("STORIES_FILM"):
        command.append(film)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=page.ENVIRONMENT, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _lines(runs: Sequence[Run], where: str) -> Iterator[Finding]:
    for name in dict.fromkeys(run["name"] for run in runs):
        own = [run for run in runs if run["name"] == name and "failed" not in run]
        if failed := [run["failed"] for run in runs if run["name"] == name and "failed" in run]:
            note = f"the page said: {' '.join(failed[0].split())[:200]}"
            yield Finding("first-word", f"{name}{where}: not made", single(len(failed)), "", Target(0), note)
        if not own:
            continue
        first, whole = (None, None) if where else _TARGETS[name]
        for figure, what, bound in (
            ("early", "something to read", None),
            ("sound", "the first word", first),
            ("whole", "the whole", whole),
        ):
            if all(run[figure] is not None for run in own):
                times = spread(run[figure] for run in own)
                target = Target(bound) if bound else None
                yield Finding("first-word", f"{name}{where}: tap to {what}", times, "s", target)
        silences = spread(max(run["silences"], default=0.0) for run in own)
        count = sum(len(run["silences"]) for run in own)
        note = f"{count} over 0.4 s"
        yield Finding(
            "first-word",
            f"{name}{where}: the longest silence",
            silences,
            "s",
            Target(1 if where else 0.4),
            note,
        )


@contextmanager
def busy() -> Iterator[None]:
    """Another program that would have a core for itself. Ended when the block ends."""
    loop: subprocess.Popen[Any] = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()
