from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pipeline.errors import RequestError
from pipeline.notebooks.experiment import decision, promotion
from pipeline.notebooks.experiment.candidates import arms
from pipeline.notebooks.experiment.decision import Decision
from tests.command import ROOT
from tests.notebooks.experiment.frames import rows, table

HALF = [1.0, 0.0] * 10
MORE = [1.0] * 18 + [1.0, 0.0]


def decided(old: Sequence[float], new: Sequence[float], **changed: Any) -> Decision:
    return decision.decide(table(rows("old", old), rows("new", new, **changed)), "old", "new")


def test_a_candidate_that_is_accepted_more_often_is_promoted() -> None:
    result = decided(HALF, MORE)
    assert result.promote
    assert result.figures["accepted"].mean == pytest.approx(0.45)
    assert "above 0" in result.reasons[0]


def test_an_equally_good_cheaper_candidate_is_promoted_with_enough_ideas() -> None:
    # All agree: 1.96/102 = 0.019 to each side of 100 ideas, 1.96/22 = 0.089 of 20.
    result = decided([1.0] * 100, [1.0] * 100, tokens=500)
    assert result.figures["accepted"].low == pytest.approx(-0.0192, abs=1e-4)
    assert result.figures["tokens_per_accepted"].mean == -500
    assert result.promote
    assert not decided([1.0] * 20, [1.0] * 20, tokens=500).promote


@pytest.mark.parametrize(
    ("old", "new", "tokens"),
    [
        (HALF, [*HALF[:-1], 1.0], 1000),  # hardly better
        (MORE, HALF, 1000),  # worse
        (MORE, [1.0] * 20, 500),  # cheaper, and better on a single idea
        ([1.0] * 100, [1.0] * 100, 1200),  # as good, but more expensive
        (HALF, HALF[::-1], 500),  # cheaper, but another half
    ],
)
def test_a_candidate_without_shown_gain_is_not_promoted(
    old: list[float], new: list[float], tokens: int
) -> None:
    result = decided(old, new, tokens=tokens)
    assert not result.promote
    assert "not shown" in " ".join(result.reasons)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"unsafe": 1.0}, "unsafe drafts: 20, and 0 of old"),
        ({"nearest": 0.26}, "more alike"),
        ({"ari": 4.1}, "harder to read"),
        ({"nearest": float("nan")}, "more alike"),
        ({"nearest": 0.24, "ari": 3.9}, ""),
        ({"nearest": 0.0, "ari": 1.0}, ""),
    ],
)
def test_an_alarm_prevents_a_promotion(changed: dict[str, float], message: str) -> None:
    result = decided(HALF, MORE, **changed)
    assert result.promote == (not message)
    assert message in result.reasons[-1]


def test_too_few_contexts_decide_nothing() -> None:
    assert "9 unseen contexts" in decided([0.0] * 9, [1.0] * 9).reasons[0]
    variants = table(rows("old", [0.0] * 20, variants=4), rows("new", [1.0] * 20, variants=4))
    assert "5 unseen contexts" in decision.decide(variants, "old", "new").reasons[0]


def test_a_failed_draft_prevents_a_decision_unless_it_is_of_another_prompt() -> None:
    frame = table(rows("old", HALF), rows("new", MORE), rows("third", HALF, failure="away", unsafe=1.0))
    assert decision.decide(frame, "old", "new").promote
    frame.loc[3, "failure"] = "UnavailableError: away"
    result = decision.decide(frame, "old", "new")
    assert not result.promote
    assert "1 drafts failed: run the notebook again" in result.reasons[0]


def test_the_candidate_that_is_accepted_most_often_is_chosen_and_never_the_baseline() -> None:
    frame = table(rows("old", [1.0] * 20), rows("some", HALF), rows("more", MORE))
    assert decision.choose(frame, "old") == "more"
    equal = table(rows("old", HALF), rows("long", HALF), rows("brief", HALF, tokens=900))
    assert decision.choose(equal, "old") == "brief"


def test_an_idea_that_one_candidate_lacks_does_not_count() -> None:
    """It may be the hard one, without which a candidate looks better than it is."""
    frame = table(rows("old", HALF), rows("lucky", [0.9, *[0.6] * 19]), rows("steady", [0.0, *[0.7] * 19]))
    frame.loc[(frame.prompt == "lucky") & (frame.context == "context 00"), "failure"] = "away"
    assert decision.choose(frame, "old") == "steady"
    with pytest.raises(RequestError, match="no idea has a draft of each candidate"):
        decision.choose(table(rows("old", HALF), rows("new", HALF, failure="away")), "old")


def test_the_record_has_the_figures_and_fits_into_the_prompts_file() -> None:
    unseen = table(rows("story@1", HALF), rows("short@1", MORE))
    result = decision.decide(unseen, "story@1", "short@1")
    record = decision.record(result, unseen, unseen, "story@1", "short@1", "fake/text/1", "2026-02-03")
    assert record["accepted_search"][0] == 0.95
    assert record["accepted_difference"][0] == 0.45
    assert record["unseen_contexts"][0] == "context 00"
    assert (record["date"], record["engine"], record["variants"]) == ("2026-02-03", "fake/text/1", 1)
    (arm,) = arms(["short"], {"own": {}}, ROOT / "notebooks" / "prompts")
    changed = promotion.diff("fake", arm.spec, record)
    assert '+fake = ["short@1"]' in changed
    assert "+accepted_difference = [0.45, " in changed
