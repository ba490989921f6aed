from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.errors import RequestError
from pipeline.notebooks.experiment import decision, promotion
from pipeline.notebooks.experiment.candidates import arms
from pipeline.notebooks.experiment.decision import Decision
from tests.command import ROOT
from tests.notebooks.experiment.tables import rows, table

HALF = [1.0, 0.0] * 10
MORE = [1.0] * 18 + [1.0, 0.0]


def decided(old: Sequence[float], new: Sequence[float], **changed: Any) -> Decision:
    return decision.decide(table(rows("old", old), rows("new", new, **changed)), "old", "new")


def test_a_candidate_that_is_accepted_more_often_is_promoted() -> None:
    told = decided(HALF, MORE)
    assert told.promote
    assert told.figures["accepted"].mean == pytest.approx(0.45)
    assert "above 0" in told.reasons[0]


def test_one_that_is_not_shown_to_be_better_is_not() -> None:
    told = decided(HALF, [*HALF[:-1], 1.0])
    assert not told.promote
    assert "not shown to be above 0" in told.reasons[0]


def test_one_that_is_accepted_less_often_is_not() -> None:
    assert not decided(MORE, HALF).promote


def test_one_as_good_that_is_cheaper_is_promoted_once_there_are_ideas_enough() -> None:
    # All agree: 1.96/102 = 0.019 to each side of 100 ideas, 1.96/22 = 0.089 of 20.
    told = decided([1.0] * 100, [1.0] * 100, tokens=500)
    assert told.figures["accepted"].low == pytest.approx(-0.0192, abs=1e-4)
    assert told.figures["tokens_per_accepted"].mean == -500
    assert told.promote
    assert not decided([1.0] * 20, [1.0] * 20, tokens=500).promote


def test_one_lucky_idea_does_not_make_a_cheaper_one_as_good() -> None:
    assert not decided(MORE, [1.0] * 20, tokens=500).promote


def test_one_as_good_that_is_not_cheaper_is_not() -> None:
    assert not decided([1.0] * 100, [1.0] * 100, tokens=1200).promote


def test_cheaper_alone_is_not_enough() -> None:
    assert not decided(HALF, HALF[::-1], tokens=500).promote


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"unsafe": 1.0}, "unsafe drafts: 20, and 0 of old"),
        ({"nearest": 0.26}, "more alike"),
        ({"ari": 4.1}, "harder to read"),
        ({"nearest": float("nan")}, "more alike"),
    ],
)
def test_an_alarm_forbids_what_the_figures_would_allow(changed: dict[str, float], says: str) -> None:
    told = decided(HALF, MORE, **changed)
    assert not told.promote
    assert says in told.reasons[-1]


@pytest.mark.parametrize("changed", [{"nearest": 0.24}, {"ari": 3.9}, {"ari": 1.0, "nearest": 0.0}])
def test_what_is_within_bounds_rings_no_alarm(changed: dict[str, float]) -> None:
    assert decided(HALF, MORE, **changed).promote


def test_too_few_contexts_decide_nothing() -> None:
    told = decided([0.0] * 9, [1.0] * 9)
    assert not told.promote
    assert "9 unseen contexts" in told.reasons[0]


def test_variants_of_one_context_are_not_more_contexts() -> None:
    frame = table(rows("old", [0.0] * 20, variants=4), rows("new", [1.0] * 20, variants=4))
    told = decision.decide(frame, "old", "new")
    assert "5 unseen contexts" in told.reasons[0]


def test_a_draft_that_failed_is_made_before_anything_is_decided() -> None:
    frame = table(rows("old", HALF), rows("new", MORE))
    frame.loc[3, "failure"] = "UnavailableError: away"
    told = decision.decide(frame, "old", "new")
    assert not told.promote
    assert "1 drafts failed: run the notebook again" in told.reasons[0]


def test_what_other_prompts_did_does_not_matter() -> None:
    frame = table(rows("old", HALF), rows("new", MORE), rows("third", HALF, failure="away", unsafe=1.0))
    assert decision.decide(frame, "old", "new").promote


def test_the_candidate_that_is_accepted_most_often_is_chosen_and_never_the_baseline() -> None:
    frame = table(rows("old", [1.0] * 20), rows("some", HALF), rows("more", MORE))
    assert decision.choose(frame, "old") == "more"


def test_of_equals_the_one_with_fewer_tokens_is_chosen() -> None:
    frame = table(rows("old", HALF), rows("long", HALF), rows("brief", HALF, tokens=900))
    assert decision.choose(frame, "old") == "brief"


def test_an_idea_that_one_candidate_lacks_counts_for_none() -> None:
    """It is the hard one: whoever failed on it would look better than it is."""
    frame = table(rows("old", HALF), rows("lucky", [0.9, *[0.6] * 19]), rows("steady", [0.0, *[0.7] * 19]))
    frame.loc[(frame.prompt == "lucky") & (frame.context == "context 00"), "failure"] = "away"
    assert decision.choose(frame, "old") == "steady"


def test_without_a_draft_nobody_is_chosen() -> None:
    with pytest.raises(RequestError, match="no idea has a draft of each candidate"):
        decision.choose(table(rows("old", HALF), rows("new", HALF, failure="away")), "old")


def test_the_record_says_what_was_seen_and_fits_into_the_prompts_file() -> None:
    unseen = table(rows("story@1", HALF), rows("short@1", MORE))
    told = decision.decide(unseen, "story@1", "short@1")
    record = decision.record(told, unseen, unseen, "story@1", "short@1", "fake/text/1", "2026-02-03")
    assert record["accepted_search"][0] == 0.95
    assert record["accepted_difference"][0] == 0.45
    assert record["unseen_contexts"][0] == "context 00"
    assert (record["date"], record["engine"], record["variants"]) == ("2026-02-03", "fake/text/1", 1)
    (arm,) = arms(["short"], {"own": {}}, ROOT / "notebooks" / "prompts")
    changed = promotion.diff("fake", arm.spec, record)
    assert '+fake = ["short@1"]' in changed
    assert "+accepted_difference = [0.45, " in changed


def test_a_decision_without_figures_has_a_record_too() -> None:
    frame = table(rows("old", [1.0]), rows("new", [0.0]))
    told = decision.decide(frame, "old", "new")
    record = decision.record(told, frame, frame, "old", "new", "fake/text/1", "2026-02-03")
    assert "1 unseen contexts" in record["why"]
