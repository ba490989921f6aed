"""The runner over Step Functions: the request, the wait, and the meaning of replies."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.local_aws import Fault, LocalAws
from infra.local_aws.deploy import deploy
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.workflow import Workflow
from pipeline.errors import ConfigError, ThrottledError, UnavailableError

STORY, LOCALE = "0123456789abcdef0123456789abcdef", "fr"
START, SYNC = "StartExecution", "StartSyncExecution"
Run = Callable[..., Workflow]
CALLS: dict[str, Callable[[Workflow], None]] = {
    START: lambda workflow: workflow.start(STORY, LOCALE),
    SYNC: lambda workflow: workflow.finish(STORY, LOCALE, 20),
}


@dataclass
class Machine:
    """A machine of one state, whose function waits for `go`. events: its inputs. over: it has returned."""

    arn: str = ""
    events: list[Any] = field(default_factory=list)
    go: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def make(self, event: Any, _: Any) -> Any:
        self.events.append(event)
        self.go.wait(60)
        self.over.set()
        if self.error:
            raise self.error
        return {}


@pytest.fixture
def machine(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    machine = Machine()
    monkeypatch.setattr(aws.options, "lambdas", {"make": machine.make})
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "make", "Payload.$": "$"},
        "End": True,
    }
    machine.arn = deploy(aws, {"StartAt": "Make", "States": {"Make": task}}, f"m{uuid.uuid4().hex}")
    yield machine
    machine.go.set()


@pytest.fixture
def run_by() -> Iterator[Callable[..., Workflow]]:
    used: list[Clients] = []

    def workflow(arn: str, wait: float = 60) -> Workflow:
        used.append(Clients(timeouts={"stepfunctions": wait}))
        return Workflow(used[-1], arn)

    yield workflow
    for clients in used:
        clients.get("stepfunctions").close()


def test_start_returns_at_once_and_sends_only_the_ids(machine: Machine, run_by: Run, aws: LocalAws) -> None:
    run_by(machine.arn).start(STORY, LOCALE)
    assert not machine.over.is_set()
    machine.go.set()
    assert machine.over.wait(60)
    assert machine.events == [{"id": STORY, "locale": LOCALE}]
    assert (aws.requests(START), aws.requests(SYNC)) == (1, 0)


def test_a_story_may_be_started_again(machine: Machine, run_by: Run) -> None:
    """A name of an execution is used once, and an Express machine keeps no names."""
    machine.go.set()
    workflow = run_by(machine.arn)
    for _ in range(2):
        workflow.finish(STORY, LOCALE, 20)
    assert len(machine.events) == 2


def test_finish_waits_until_all_is_over(machine: Machine, run_by: Run, aws: LocalAws) -> None:
    """The name of an execution has 80 characters at most, also with the longest locale."""
    machine.go.set()
    run_by(machine.arn).finish(STORY, "zh-Hant-TW", 20)
    assert machine.over.is_set()
    assert machine.events == [{"id": STORY, "locale": "zh-Hant-TW"}]
    assert aws.requests(SYNC) == 1


def test_an_execution_that_outlasts_the_wait_goes_on(machine: Machine, run_by: Run, aws: LocalAws) -> None:
    run_by(machine.arn, wait=0.3).finish(STORY, LOCALE, 0.3)
    assert not machine.over.is_set()
    machine.go.set()
    assert machine.over.wait(60)
    assert (aws.requests(SYNC), len(machine.events)) == (1, 1)  # at most once


def test_a_failed_execution_is_no_error_here(machine: Machine, run_by: Run) -> None:
    machine.error = RuntimeError("broken")
    machine.go.set()
    run_by(machine.arn).finish(STORY, LOCALE, 20)
    assert machine.over.is_set()


def test_an_execution_that_ran_out_of_time_is_too_slow(
    machine: Machine, run_by: Run, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.options, "express_limit", 0.3)
    with pytest.raises(UnavailableError) as raised:
        run_by(machine.arn).finish(STORY, LOCALE, 20)
    assert raised.value.problem == "too-slow"


@pytest.mark.parametrize("operation", [START, SYNC])
@pytest.mark.parametrize(("kind", "error"), [("throttle", ThrottledError), ("error503", UnavailableError)])
def test_a_refused_start_is_our_error_after_one_request(
    machine: Machine, run_by: Run, aws: LocalAws, operation: str, kind: str, error: type[Exception]
) -> None:
    aws.inject(operation, Fault(kind))
    with pytest.raises(error):
        CALLS[operation](run_by(machine.arn))
    assert (aws.requests(operation), machine.events) == (1, [])


@pytest.mark.parametrize("operation", [START, SYNC])
@pytest.mark.parametrize(
    ("arn", "words", "requests"),
    [
        ("", "STORIES_WORKFLOW", 0),
        ("arn:aws:states:eu-west-1:123456789012:stateMachine:gone", "machine's ARN", 1),
    ],
)
def test_a_missing_setting_or_machine_is_reported(
    run_by: Run, aws: LocalAws, operation: str, arn: str, words: str, requests: int
) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        CALLS[operation](run_by(arn))
    assert (raised.value.problem, aws.requests("*")) == ("no-workflow", requests)
