"""Findings from Lighthouse's figures. No browser."""

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


def test_scores_are_of_100_and_paints_in_seconds() -> None:
    findings = {
        finding.what: finding for finding in lines("home", [run(94, 1700), run(99, 1500), run(97, 1600)])
    }
    score, paint = findings["home, performance"], findings["home, first contentful paint"]
    assert (score.figure.median, score.figure.low, score.figure.high) == (97, 94, 99)
    assert (paint.figure.median, paint.unit) == (1.6, "s")
    assert findings["home, largest contentful paint"].figure.median == 3.2


def test_score_below_95_is_missed() -> None:
    verdicts = {finding.what: finding.verdict for finding in lines("home", [run(94, 1700)])}
    assert verdicts["home, performance"] == "MISSED"
    assert verdicts["home, accessibility"] == verdicts["home, best practices"] == "met"


def test_audits_that_cost_score_are_noted() -> None:
    first, *others = lines("story", [run(94, 1700, **{"speed-index": 0.5}), run(99, 1500)])
    assert "speed-index in 1" in first.note
    assert "2 runs" in first.note
    assert not [finding.note for finding in others if finding.note]


def test_scripts_are_weighed_together_compressed(tmp_path: Path) -> None:
    """Noise does not grow smaller by gzip, nothing but zeros nearly vanishes."""
    noise = random.Random(1).randbytes(50_000)
    (tmp_path / "a.js").write_bytes(noise)
    (tmp_path / "b.js").write_bytes(bytes(50_000))
    finding = weight("js", tmp_path.glob("*.js"))
    assert 50 <= finding.figure.median <= 50.3
    assert finding.verdict == "met"
    assert len(gzip.compress(noise)) > 50_000


def test_page_without_scripts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no js"):
        weight("js", tmp_path.glob("*.js"))
