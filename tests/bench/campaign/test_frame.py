"""The campaign can fail: violations, cases that raise and incomplete rows end it with status 1."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.campaign import __main__ as campaign
from bench.campaign import table
from bench.campaign.frame import Case, Outcome, Row, Trial
from bench.campaign.running import attempt


def holds(case: Case) -> Outcome:
    assert case.folder.is_dir()
    return Outcome(figures={"drawn": case.random.random()})


def raises(case: Case) -> Outcome:
    raise RuntimeError("no server")


def row(done: int = 2, missing: str = "", *faults: str) -> Row:
    result = Row("kills", "make", "kills", 2, missing=missing)
    for number in range(done):
        result.take(number, Outcome(faults=list(faults), figures={"calls": 2, "most seconds": number}))
    return result


def trial(run: Callable[[Case], Outcome]) -> Trial:
    return Trial("make", "kills", run, 2, 20)


@pytest.mark.parametrize(
    ("result", "verdict", "status"),
    [
        (row(), "held", 0),
        (row(1), "incomplete", 1),
        (row(0, "needs root"), "not run: needs root", 1),
        (row(2, "", "a part is read"), "VIOLATED", 1),
    ],
)
def test_whatever_did_not_hold_is_an_exit_status_of_1(
    result: Row,
    verdict: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(campaign, "run", lambda *_: result)
    monkeypatch.setattr(campaign, "trials", lambda _: (trial(holds),))
    monkeypatch.setattr(campaign, "OUT", tmp_path / "campaign.md")
    assert campaign.main(["--only", "kills", "--seed", "7"]) == status
    assert verdict in capsys.readouterr().out
    kept = (tmp_path / "campaign.md").read_text("utf-8")
    assert f"| {verdict} |" in kept
    assert "- seed: 7" in kept


def test_a_violation_names_the_case_that_shows_it_again() -> None:
    assert table.violations([row(2, "", "a part is read")]) == [
        "make 0: a part is read",
        "make 1: a part is read",
    ]


def test_figures_are_added_up_or_the_largest_is_kept() -> None:
    assert row().figures == {"calls": 4, "most seconds": 1}


def test_a_case_draws_the_same_again_and_leaves_no_folder() -> None:
    outcomes = [attempt(trial(holds), 7, time.monotonic() + 60, number) for number in (3, 3, 4)]
    drawn = [outcome.figures["drawn"] for outcome in outcomes if outcome]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_case_that_raises_is_a_violation() -> None:
    outcome = attempt(trial(raises), 1, time.monotonic() + 60, 0)
    assert outcome
    assert "no server" in outcome.faults[0]


def test_no_case_begins_after_the_time() -> None:
    assert attempt(trial(holds), 1, time.monotonic() - 1, 0) is None


def test_all_parts_fit_into_a_quarter_of_an_hour() -> None:
    assert sum(campaign.PARTS.values()) <= 15 * 60
    for part in campaign.PARTS:
        assert all(each.count <= each.long for each in campaign.trials(part)), part


def test_numbers_of_the_campaign() -> None:
    """Kills in minutes' mode and in the long one, images, servers, keys, hostile requests."""
    kills = campaign.trials("kills")
    assert sum(each.count for each in kills) >= 2_000
    assert sum(each.long for each in kills) >= 10_000
    counts = {each.name: (each.count, each.long) for part in campaign.PARTS for each in campaign.trials(part)}
    assert counts["power cut"][0] == 50
    assert counts["second server dead for good"][0] == 20
    assert counts["64 equal requests"][0] == 50
    assert counts["hostile requests"][1] == 100_000
