"""The runner over Step Functions: the request, and the meaning of replies."""

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
START = "StartExecution"
Run = Callable[..., Workflow]


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

    def workflow(arn: str) -> Workflow:
        used.append(Clients())
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
    assert aws.requests(START) == 1


def test_an_execution_has_a_name_of_eighty_characters_at_most(machine: Machine, run_by: Run) -> None:
    """Also with the longest locale."""
    machine.go.set()
    run_by(machine.arn).start(STORY, "zh-Hant-TW")
    assert machine.over.wait(60)
    assert machine.events == [{"id": STORY, "locale": "zh-Hant-TW"}]


def test_a_story_may_be_started_again(machine: Machine, run_by: Run) -> None:
    """A name of an execution is used once, and an Express machine keeps no names."""
    machine.go.set()
    workflow = run_by(machine.arn)
    for _ in range(2):
        machine.over.clear()
        workflow.start(STORY, LOCALE)
        assert machine.over.wait(60)
    assert len(machine.events) == 2


@pytest.mark.parametrize(("kind", "error"), [("throttle", ThrottledError), ("error503", UnavailableError)])
def test_a_refused_start_is_our_error_after_one_request(
    machine: Machine, run_by: Run, aws: LocalAws, kind: str, error: type[Exception]
) -> None:
    aws.inject(START, Fault(kind))
    with pytest.raises(error):
        run_by(machine.arn).start(STORY, LOCALE)
    assert (aws.requests(START), machine.events) == (1, [])


@pytest.mark.parametrize(
    ("arn", "words", "requests"),
    [
        ("", "STORIES_WORKFLOW", 0),
        ("arn:aws:states:eu-west-1:123456789012:stateMachine:gone", "machine's ARN", 1),
    ],
)
def test_a_missing_setting_or_machine_is_reported(
    run_by: Run, aws: LocalAws, arn: str, words: str, requests: int
) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        run_by(arn).start(STORY, LOCALE)
    assert (raised.value.problem, aws.requests("*")) == ("no-workflow", requests)
