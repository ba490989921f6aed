"""Robust z-scores against hand calculations."""

from __future__ import annotations

import pandas as pd
import pytest

from pipeline.notebooks.review.outliers import outliers, robust_z

STORY = ["id", "words", "ari", "lix", "repetition", "distinct_2"]
EDITION = ["id", "locale", "words_per_minute", "longest_wait", "length_ratio", "confidence"]


def test_robust_z_is_the_distance_from_the_median_over_the_mad() -> None:
    # Median 3, distances 2 1 0 1 97: their median is 1, and 1.4826 of it a standard deviation.
    found = robust_z(pd.Series([1.0, 2.0, 3.0, 4.0, 100.0]))
    assert found.tolist() == pytest.approx([-2 / 1.4826, -1 / 1.4826, 0, 1 / 1.4826, 97 / 1.4826])


def test_a_difference_that_nobody_would_notice_is_not_far() -> None:
    alike = pd.Series([1.0, 1.0, 1.0, 0.99])
    assert robust_z(alike, 0.02).tolist() == pytest.approx([0, 0, 0, -0.5])
    assert robust_z(alike).tolist() == [0, 0, 0, 0]


def stories(*words: float) -> pd.DataFrame:
    return pd.DataFrame([(f"s{at}", one, 2.0, 15.0, 0.0, 0.9) for at, one in enumerate(words)], columns=STORY)


def editions(*told: tuple[str, float]) -> pd.DataFrame:
    rows = [(f"s{at}", locale, speed, 1.0, None, 1.0) for at, (locale, speed) in enumerate(told)]
    return pd.DataFrame(rows, columns=EDITION)


def test_the_farthest_stands_first_with_its_figure_and_what_is_usual() -> None:
    # Median 100, distances 0 1 0 2 30: MAD 1, under the least of 3 words: 30 / 3.
    found = outliers(stories(100, 101, 100, 102, 70), editions())
    first = found.iloc[0]
    assert (first["id"], first["figure"], first["value"], first["usual"], first["far"]) == (
        "s4",
        "words",
        70.0,
        100.0,
        -10.0,
    )
    assert len(found) == 5


def test_narrations_are_compared_within_their_language() -> None:
    slow = [("fr", 100.0)] * 5
    fast = [("en", 160.0)] * 5
    assert (outliers(stories(), editions(*slow, *fast))["far"] == 0).all()


def test_a_few_are_too_few_to_say() -> None:
    assert len(outliers(stories(100, 100, 100, 10), editions(("en", 1.0)))) == 0


def test_unlikely_odds_are_found_too() -> None:
    found = outliers(
        stories(*[100] * 6).assign(**{"judge: gentle": [0.9, 0.9, 0.9, 0.9, 0.9, 0.3]}), editions()
    )
    assert (found.iloc[0]["figure"], found.iloc[0]["far"]) == ("judge: gentle", -20.0)
