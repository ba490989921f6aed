"""`stories endpoints`: what is running and what it costs, and the way to end it."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from infra.local_aws import LocalAws
from pipeline.cli.terminal import say_red
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint import status
from pipeline.engines.aws.endpoint.takedown import take_down
from tests.command import Done, Stories
from tests.engines.aws.standing import VARIANT, names, quick, stand

NAME = "test-hosting"


@pytest.fixture
def standing(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    quick(aws, monkeypatch)
    # The command looks every 10 s, since a deletion on AWS takes minutes.
    pause = time.sleep
    monkeypatch.setattr("pipeline.engines.aws.endpoint.waiting.time.sleep", lambda _: pause(0.05))
    stand(aws, NAME, count=2)
    yield NAME
    take_down(Clients(), NAME, every=0.05)


def run(stories: Stories, *arguments: str) -> Done:
    credentials = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    return stories("endpoints", *arguments, env={**stories.environment(), **credentials})


def test_every_endpoint_is_listed_with_its_price_and_their_sum(
    stories: Stories, standing: str, aws: LocalAws
) -> None:
    done = run(stories)
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].split() == "endpoint status instances since (UTC) US$/hour US$ so far".split()
    (mine,) = [line.split() for line in lines if line.startswith(standing)]
    assert mine[2:5] == ["2", "x", "ml.g5.2xlarge"]
    assert mine[-2] == "3.030"  # twice 1.515
    assert lines[-1].startswith("together")
    assert float(lines[-1].split()[1]) == pytest.approx(3 * 4.89 + 3.03)
    assert "so far: about, by us-east-1 prices" in done.err


def call(hours_ago: float, variant: str = VARIANT) -> None:
    """What SageMaker reports of a call. In moto's CloudWatch."""
    figure = {
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": variant}],
        "Timestamp": datetime.now(UTC) - timedelta(hours=hours_ago),
        "Value": 1.0,
    }
    Clients().get("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=[figure])


def aged(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    since = datetime.now(UTC) - timedelta(hours=hours)
    endpoint = status._endpoint
    monkeypatch.setattr(status, "_endpoint", lambda *sent: replace(endpoint(*sent), since=since))


def reminders(stories: Stories) -> list[str]:
    return [line for line in run(stories).err.splitlines() if line.startswith(NAME)]


def test_an_endpoint_that_nobody_calls_is_pointed_out_with_its_cost(
    stories: Stories, standing: str, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reminders(stories) == []  # it was created now
    aged(aws, monkeypatch, 30)
    call(2, variant="another")
    (reminder,) = reminders(stories)
    assert "was not called for 30 hours and has cost about US$ 90.90" in reminder  # 30 times 3.03
    assert reminder.endswith(f"stories endpoints delete {standing}")
    call(20)
    (reminder,) = reminders(stories)
    assert "was not called for 19 hours" in reminder or "was not called for 20 hours" in reminder
    call(1)
    assert reminders(stories) == []


def test_where_cloudwatch_does_not_say_an_endpoints_age_counts(
    stories: Stories, standing: str, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aged(aws, monkeypatch, 30)
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:9")
    done = run(stories)
    assert f"when {standing} was last called is not known: Amazon CloudWatch" in done.err
    assert f"{standing} was not called for 30 hours" in done.err


@pytest.mark.parametrize(
    ("terminal", "no_color", "printed"),
    [(True, "", "\x1b[31ma row\x1b[0m\n"), (True, "1", "a row\n"), (False, "", "a row\n")],
)
def test_red_is_for_terminals(
    terminal: bool, no_color: str, printed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = io.StringIO()
    monkeypatch.setattr(output, "isatty", lambda: terminal)
    monkeypatch.setattr("sys.stdout", output)
    monkeypatch.setenv("NO_COLOR", no_color)
    say_red("a row")
    assert output.getvalue() == printed


def test_one_is_taken_down_by_its_name_and_twice_does_no_harm(
    stories: Stories, standing: str, aws: LocalAws
) -> None:
    done = run(stories, "delete", standing)
    assert done.status == 0, done.err
    assert f"deleted: endpoint {standing}" in done.err
    assert all(standing not in group for group in names(aws).values())
    again = run(stories, "delete", standing)
    assert (again.status, again.err) == (0, f"nothing of {standing} is there\n")


def test_a_name_is_asked_for(stories: Stories, aws: LocalAws) -> None:
    done = run(stories, "delete")
    (line,) = done.complaints
    assert "stories endpoints delete NAME" in line
    assert done.problem == "bad-request"
