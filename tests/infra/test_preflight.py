"""Before a deployment: what a stage's parameters need, and when it stops."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from infra import preflight
from pipeline.types import Finding
from tests.infra.cloudformation import ROOT


def test_what_a_stack_reserves_is_counted_by_the_template() -> None:
    """WorkerConcurrency is of each function that names it in the template."""
    workers = (ROOT / "template.yaml").read_text("utf-8").count("[ReservesWorkers, !Ref WorkerConcurrency")
    given = ["TriggerConcurrency=25", "WorkerConcurrency=5"]
    assert preflight.stack_of("prod", "falcon", "", [*given, "Push=on"]).reserved == 25 + workers * 5 > 25
    assert preflight.stack_of("prod", "falcon", "", given).reserved == 25 + (workers - 1) * 5
    assert {preflight.stack_of(stage, "falcon", "", []).reserved for stage in ("dev", "prod")} == {0}


def test_parameters_of_the_command_go_before_the_stages_file() -> None:
    given = "TriggerConcurrency=-1 WorkerConcurrency=2 AlarmEmail=me@example.org"
    stack = preflight.stack_of("prod", "", "eu.amazon.nova-lite-v1:0", given.split())
    assert (stack.reserved, stack.alarm_email) == (8, "me@example.org")


@pytest.mark.parametrize(
    ("states", "arguments", "status"),
    [
        ([True, True], [], 0),
        ([True, None], [], 0),
        ([False, True], [], 1),
        ([False, True], ["--force", "Auth=key", "LogDays=7"], 0),
    ],
)
def test_only_what_is_missing_stops_and_force_goes_on(
    states: Sequence[bool | None],
    arguments: list[str],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    findings = [Finding(f"check {number}", state, "so", "do") for number, state in enumerate(states)]
    monkeypatch.setattr(preflight, "examine_deployment", lambda *_: iter(findings))
    assert preflight.main(["--stage", "dev", "--endpoint", "falcon", *arguments]) == status
    output = capsys.readouterr()
    assert output.out.count("check") == 2
    assert ("FORCE=1" in output.err) is (False in states)
