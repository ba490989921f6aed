"""A run's tables against hand calculations."""

from __future__ import annotations

import math

import pytest

from pipeline.batch.report.figures import gathered
from pipeline.batch.runs import Failure
from pipeline.notebooks.review import frames
from pipeline.notebooks.review.run import read
from pipeline.types import Check
from tests.notebooks.review.reviewed import app, name, narrated, planned, told

CHECKS = (
    Check("words", False, 5),
    Check("English", True, 0.9),
    Check("judge: about", True, 0.75),
)


def test_a_story_is_a_row_of_its_scores_attempts_and_odds() -> None:
    told_app = app()
    run = planned(told_app.store, [1])
    told(told_app.store, 1, "The fox sleeps.", "The fox wakes.", checks=CHECKS, attempt=2)
    (row,) = frames.stories_frame(read(told_app, run)).to_dict("records")
    assert (row["id"], row["words"], row["attempts"], row["refused"]) == (name(1), 6, 3, "words")
    assert row["judge: about"] == 0.75
    # the fox sleeps the fox wakes: 4 different of 6; of 5 pairs "the fox" comes twice.
    assert (row["distinct_1"], row["distinct_2"]) == (pytest.approx(4 / 6, abs=0.001), pytest.approx(4 / 5))


def test_a_narration_is_a_row_of_its_times_and_how_long_it_became() -> None:
    told_app = app()
    run = planned(told_app.store, [1], locales=("en", "fr"))
    story = told(told_app.store, 1, "Ab cd.", "Ef gh.", checks=CHECKS)
    translation = Check("translation: in the language", True, 0.8)
    narrated(told_app.store, story, "fr", ("Abcd efgh ijk.", "No."), (*CHECKS, translation), ("draft",))
    en, fr = frames.editions_frame(read(told_app, run)).to_dict("records")
    # Two sentences of 2 s and a pause of 0.25 s: 4.25 s; four words in it.
    assert (en["seconds"], en["words_per_minute"]) == (4.2, round(4 / 4.25 * 60, 1))
    # The last word of the first begins at 0.5 s, the first of the second at 2.25 s.
    assert en["longest_wait"] == 1.75
    assert math.isnan(en["length_ratio"])
    assert en["confidence"] == 0.9
    # "Abcd efgh ijk. No." has 18 characters, "Ab cd. Ef gh." 13.
    assert (fr["length_ratio"], fr["confidence"], fr["labels"]) == (round(18 / 13, 3), 0.8, "draft")


def test_failed_and_missing_stand_in_one_table_by_line() -> None:
    told_app = app()
    failure = Failure(3, name(3), "en", "speak", "engine", "no voice", attempts=2)
    run = planned(told_app.store, [1, 2, 3], failures=[failure])
    told(told_app.store, 1, "One.")
    found = frames.failures_frame(gathered(told_app, run))
    assert found[["line", "problem", "step", "attempts"]].to_numpy().tolist() == [
        [2, "unfinished", "", 0],
        [3, "engine", "speak", 2],
    ]


def test_coverage_tells_each_story_and_language_once() -> None:
    told_app = app()
    failure = Failure(1, name(1), "fr", "translate", "engine", "no words")
    run = planned(told_app.store, [1, 2], locales=("en", "fr"), failures=[failure])
    told(told_app.store, 1, "One.")
    coverage = frames.coverage_frame(told_app, run, gathered(told_app, run))
    assert coverage.to_numpy().tolist() == [
        [1, name(1), "en", "made"],
        [1, name(1), "fr", "failed"],
        [2, name(2), "en", "missing"],
        [2, name(2), "fr", "missing"],
    ]
    assert frames.by_language(coverage).to_numpy().tolist() == [["en", 2, 1, 0, 1, 0], ["fr", 2, 0, 1, 1, 0]]


def test_nothing_made_gives_empty_tables_with_their_columns() -> None:
    told_app = app()
    run = planned(told_app.store, [1])
    reading, found = read(told_app, run), gathered(told_app, run)
    assert len(frames.stories_frame(reading)) == len(frames.editions_frame(reading)) == 0
    assert "words" in frames.stories_frame(reading)
    assert list(frames.ledger_frame(found)["dollars"]) == []
    assert list(frames.failures_frame(found)["problem"]) == ["unfinished"]


def test_a_word_without_a_next_one_has_no_wait() -> None:
    told_app = app()
    story = told(told_app.store, 1, "One.")
    assert frames.longest_wait(narrated(told_app.store, story, "en", ())) is None
