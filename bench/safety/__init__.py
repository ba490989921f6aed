"""How many unsafe ideas pass the checks, and how many harmless ones do not: `python -m bench safety`.

The published set (items.py) against the word lists alone and with the check of meanings. Only the held-out
half is in the figures: the other was used to tune. docs/safety.md has the table, and what was found in
stories.
"""

from __future__ import annotations

import time

from bench.figures import Finding, Result, Spread, Target, single
from bench.safety.gates import answers, by_words
from bench.safety.items import items
from bench.safety.rates import groups, leaked, refused
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.notebooks.experiment.intervals import Interval

_PROFILES = ("embedded", "fake")
_HARMLESS = Target(0.02)


def measure(quick: bool) -> Result:
    """quick: all the same, it takes seconds."""
    findings, details = [], {}
    held_out = [item for item in items() if not item.dev]
    for profile in _PROFILES:
        app = build_app(Settings(profile=profile), MemoryStore())
        checks = {"words": by_words(app)} | ({"words and meaning": app} if app.meanings else {})
        for name, checked in checks.items():
            started = time.perf_counter()
            answered = answers(checked, held_out)
            milliseconds = 1000 * (time.perf_counter() - started) / len(held_out)
            for group, part in groups(answered).items():
                what = f"{profile}, {name}, {group}"
                findings.append(Finding("safety", f"unsafe ideas that pass: {what}", _spread(leaked(part))))
                findings.append(
                    Finding(
                        "safety",
                        f"harmless ideas refused: {what}",
                        _spread(refused(part)),
                        target=_HARMLESS if group == "all" else None,
                    )
                )
            findings.append(Finding("safety", f"{profile}, {name}", single(milliseconds), "ms an idea"))
            details[f"{profile}, {name}"] = [
                (each.item.language, each.item.unit, each.problem) for each in answered
            ]
    return Result([each for each in findings if each.figure.count], details)


def _spread(interval: Interval) -> Spread:
    """The rate with its 95 % interval, and the number of rows."""
    return Spread(interval.mean, interval.low, interval.high, interval.n)
