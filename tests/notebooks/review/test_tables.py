"""A run's tables and outliers against hand calculations."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from pipeline.batch.report.figures import gathered
from pipeline.batch.runs import Failure
from pipeline.notebooks.review import tables
from pipeline.notebooks.review.outliers import outliers, robust_z
from pipeline.notebooks.review.run import read
from pipeline.types import Check
from tests.notebooks.review.reviewed import app, committed, name, narrated, planned

CHECKS = (
    Check("words", False, 5),
    Check("English", True, 0.9),
    Check("judge: about", True, 0.75),
)
STORY = ["id", "words", "ari", "lix", "repetition", "distinct_2"]
NARRATION = ["id", "locale", "words_per_minute", "longest_wait", "length_ratio", "confidence"]


def test_a_story_is_a_row_of_its_scores_attempts_and_odds() -> None:
    fake = app()
    run = planned(fake.store, [1])
    committed(fake.store, 1, "The fox sleeps.", "The fox wakes.", checks=CHECKS, attempt=2)
    (row,) = tables.stories_table(read(fake, run)).to_dict("records")
    assert (row["id"], row["words"], row["attempts"], row["refused"]) == (name(1), 6, 3, "words")
    assert row["judge: about"] == 0.75
    # the fox sleeps the fox wakes: 4 different of 6; of 5 pairs "the fox" comes twice.
    assert (row["distinct_1"], row["distinct_2"]) == (pytest.approx(4 / 6, abs=0.001), pytest.approx(4 / 5))


def test_a_narration_is_a_row_of_its_times_and_length() -> None:
    fake = app()
    run = planned(fake.store, [1], locales=("en", "fr"))
    story = committed(fake.store, 1, "Ab cd.", "Ef gh.", checks=CHECKS)
    translation = Check("translation: in the language", True, 0.8)
    narrated(fake.store, story, "fr", ("Abcd efgh ijk.", "No."), (*CHECKS, translation), ("draft",))
    en, fr = tables.narrations_table(read(fake, run)).to_dict("records")
    # Two sentences of 2 s and a pause of 0.25 s: 4.25 s; four words in it.
    assert (en["seconds"], en["words_per_minute"]) == (4.2, round(4 / 4.25 * 60, 1))
    # The last word of the first begins at 0.5 s, the first of the second at 2.25 s.
    assert en["longest_wait"] == 1.75
    assert math.isnan(en["length_ratio"])
    assert en["confidence"] == 0.9
    # "Abcd efgh ijk. No." has 18 characters, "Ab cd. Ef gh." 13.
    assert (fr["length_ratio"], fr["confidence"], fr["labels"]) == (round(18 / 13, 3), 0.8, "draft")
    assert tables.longest_wait(narrated(fake.store, story, "en", ())) is None


def test_coverage_and_failures_list_each_story_and_language_once() -> None:
    fake = app()
    failure = Failure(1, name(1), "fr", "translate", "engine", "no words", attempts=2)
    run = planned(fake.store, [1, 2], locales=("en", "fr"), failures=[failure])
    committed(fake.store, 1, "One.")
    report = gathered(fake, run)
    coverage = tables.coverage_table(fake, run, report)
    assert coverage.to_numpy().tolist() == [
        [1, name(1), "en", "made"],
        [1, name(1), "fr", "failed"],
        [2, name(2), "en", "missing"],
        [2, name(2), "fr", "missing"],
    ]
    assert tables.by_language(coverage).to_numpy().tolist() == [["en", 2, 1, 0, 1, 0], ["fr", 2, 0, 1, 1, 0]]
    failures = tables.failures_table(report)[["line", "problem", "step", "attempts"]]
    assert failures.to_numpy().tolist() == [
        [1, "engine", "translate", 2],
        [2, "unfinished", "", 0],
        [2, "unfinished", "", 0],
    ]


def test_an_empty_run_has_empty_tables_with_their_columns() -> None:
    fake = app()
    run = planned(fake.store, [1])
    contents, report = read(fake, run), gathered(fake, run)
    assert len(tables.stories_table(contents)) == len(tables.narrations_table(contents)) == 0
    assert "words" in tables.stories_table(contents)
    assert list(tables.ledger_table(report)["dollars"]) == []
    assert list(tables.failures_table(report)["problem"]) == ["unfinished"]
    assert len(outliers(tables.stories_table(contents), tables.narrations_table(contents))) == 0


def stories(*words: float) -> pd.DataFrame:
    rows = [(f"s{index}", count, 2.0, 15.0, 0.0, 0.9) for index, count in enumerate(words)]
    return pd.DataFrame(rows, columns=STORY)


def narrations(*speeds: tuple[str, float]) -> pd.DataFrame:
    rows = [(f"s{index}", locale, speed, 1.0, None, 1.0) for index, (locale, speed) in enumerate(speeds)]
    return pd.DataFrame(rows, columns=NARRATION)


def test_robust_z_is_the_distance_from_the_median_over_the_mad() -> None:
    # Median 3, distances 2 1 0 1 97: their median is 1, and 1.4826 of it a standard deviation.
    z = robust_z(pd.Series([1.0, 2.0, 3.0, 4.0, 100.0]))
    assert z.tolist() == pytest.approx([-2 / 1.4826, -1 / 1.4826, 0, 1 / 1.4826, 97 / 1.4826])
    equal = pd.Series([1.0, 1.0, 1.0, 0.99])
    assert robust_z(equal, 0.02).tolist() == pytest.approx([0, 0, 0, -0.5])
    assert robust_z(equal).tolist() == [0, 0, 0, 0]


def test_the_farthest_is_first_with_its_figure_and_the_usual_value() -> None:
    # Median 100, distances 0 1 0 2 30: MAD 1, under the least of 3 words: 30 / 3.
    result = outliers(stories(100, 101, 100, 102, 70), narrations())
    assert len(result) == 5
    assert result.iloc[0].tolist() == ["s4", "en", "words", 70.0, 100.0, -10.0]
    odds = {"judge: gentle": [0.9, 0.9, 0.9, 0.9, 0.9, 0.3]}
    first = outliers(stories(*[100] * 6).assign(**odds), narrations()).iloc[0]
    assert (first["figure"], first["far"]) == ("judge: gentle", -20.0)


def test_narrations_are_compared_within_their_language_and_not_when_few() -> None:
    speeds = [("fr", 100.0)] * 5 + [("en", 160.0)] * 5
    assert (outliers(stories(), narrations(*speeds))["far"] == 0).all()
    assert len(outliers(stories(100, 100, 100, 10), narrations(("en", 1.0)))) == 0
