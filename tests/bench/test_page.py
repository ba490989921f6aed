"""What becomes of Lighthouse's figures. No browser, no time."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pytest

from bench.page import lines, weight


def run(performance: int, paint: float, **lost: float) -> dict[str, Any]:
    """As measure.mjs prints it."""
    return {
        "scores": {"performance": performance, "accessibility": 100, "best-practices": 96},
        "milliseconds": {"first-contentful-paint": paint, "largest-contentful-paint": 2 * paint},
        "lost": lost,
    }


def test_scores_are_told_of_100_and_paints_in_seconds() -> None:
    told = {one.what: one for one in lines("home", [run(94, 1700), run(99, 1500), run(97, 1600)])}
    score, paint = told["home, performance"], told["home, first contentful paint"]
    assert (score.figure.median, score.figure.low, score.figure.high) == (97, 94, 99)
    assert (paint.figure.median, paint.unit) == (1.6, "s")
    assert told["home, largest contentful paint"].figure.median == 3.2


def test_a_score_below_95_is_missed() -> None:
    told = {one.what: one.verdict for one in lines("home", [run(94, 1700)])}
    assert told["home, performance"] == "MISSED"
    assert told["home, accessibility"] == told["home, best practices"] == "met"


def test_what_a_score_was_lost_for_is_noted() -> None:
    first, *others = lines("story", [run(94, 1700, **{"speed-index": 0.5}), run(99, 1500)])
    assert "speed-index in 1" in first.note
    assert "2 runs" in first.note
    assert not [one.note for one in others if one.note]


def test_all_scripts_are_weighed_together_as_they_travel(tmp_path: Path) -> None:
    """Noise does not grow smaller by gzip, nothing but zeros nearly vanishes."""
    noise = random.Random(1).randbytes(50_000)
    (tmp_path / "a.js").write_bytes(noise)
    (tmp_path / "b.js").write_bytes(bytes(50_000))
    told = weight("js", tmp_path.glob("*.js"))
    assert 50 <= told.figure.median <= 50.3
    assert told.verdict == "met"
    assert len(gzip.compress(noise)) > 50_000


def test_a_page_without_scripts_is_no_light_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no js"):
        weight("js", tmp_path.glob("*.js"))
