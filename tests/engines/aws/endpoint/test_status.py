"""Endpoints are listed with their instances, age and price; one that is being created is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from infra.local_aws import Fault, LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint import waiting
from pipeline.engines.aws.endpoint.prices import Instances, Prices
from pipeline.engines.aws.endpoint.status import find_endpoint, list_endpoints
from pipeline.engines.aws.endpoint.takedown import take_down
from pipeline.engines.aws.endpoint.waiting import wait_until_in_service
from pipeline.errors import ConfigError, EngineError, UnavailableError
from tests.engines.aws.loopback import no_backoff
from tests.engines.aws.standing import G5, at_each, hold, quick, release, stand

NAME = "test-endpoints"
PRICES = Prices("2026-11", "us-east-1", "https://example.org", {G5: 2.0}, {})


@pytest.fixture
def clients(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    quick(aws, monkeypatch, 0)
    no_backoff(monkeypatch)
    yield Clients()
    release(aws, NAME)
    take_down(Clients(), NAME, every=0)


def test_a_missing_endpoint_is_none(clients: Clients) -> None:
    assert find_endpoint(clients, "no-such-endpoint") is None


def test_an_endpoint_is_polled_until_it_serves(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME, count=2)
    hold(aws, NAME)
    polls: list[str] = []

    def poll() -> None:
        polls.append(NAME)
        if len(polls) == 3:
            release(aws, NAME)

    at_each(clients.get("sagemaker"), "DescribeEndpoint", poll)
    endpoints = list(wait_until_in_service(clients, NAME, every=0))
    assert [endpoint.status for endpoint in endpoints] == ["Creating", "Creating", "InService"]
    last = endpoints[-1]
    assert (last.serves, last.summary, last.todo) == (True, "is in service", "")
    assert last.instances == (Instances(G5, 2),)
    assert last.models == (NAME,)
    assert last.arn.endswith(f":endpoint/{NAME}")


def test_a_failed_endpoint_says_why_and_what_to_do(clients: Clients, aws: LocalAws) -> None:
    aws.options.endpoint_failures[NAME] = "Unable to provision requested ML compute\n capacity"
    stand(aws, NAME)
    reason = "has failed: Unable to provision requested ML compute capacity"
    fix = rf"another instance type or region.*stories endpoints delete {NAME}"
    with pytest.raises(ConfigError, match=f"{reason}.*{fix}"):
        list(wait_until_in_service(clients, NAME, every=0))
    failed = find_endpoint(clients, NAME)
    assert failed
    assert failed.per_hour(PRICES) == 0.0


def test_the_wait_has_an_end(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME)
    hold(aws, NAME)
    with pytest.raises(UnavailableError, match="costs money by the hour"):
        list(wait_until_in_service(clients, NAME, seconds=0.01, every=0.02))


def test_an_endpoint_that_disappears_is_an_error(clients: Clients) -> None:
    with pytest.raises(ConfigError, match="is gone"):
        list(wait_until_in_service(clients, NAME, every=0))


def test_ctrl_c_leaves_the_endpoint_and_says_what_that_costs(
    clients: Clients, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting, "find_endpoint", interrupt)
    with pytest.raises(EngineError, match=rf"costs money by the hour.*stories endpoints delete {NAME}"):
        list(wait_until_in_service(clients, NAME))


def test_a_failing_service_is_an_error_of_ours(clients: Clients, aws: LocalAws) -> None:
    aws.inject("DescribeEndpoint", Fault("error503", times=5))
    with pytest.raises(UnavailableError, match="is unavailable"):
        find_endpoint(clients, NAME)
    aws.clear("DescribeEndpoint")


def test_all_endpoints_of_the_region_are_listed_the_oldest_first(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME)
    endpoints = list_endpoints(clients)
    assert endpoints[-1].name == NAME
    assert len(endpoints) > 1
    assert [endpoint.since for endpoint in endpoints] == sorted(endpoint.since for endpoint in endpoints)


def test_the_cost_so_far_is_hours_times_instances_times_price(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME)
    endpoint = find_endpoint(clients, NAME)
    assert endpoint
    old = replace(endpoint, instances=(Instances(G5, 3),), since=datetime.now(UTC) - timedelta(hours=5))
    assert old.per_hour(PRICES) == 6.0
    assert old.so_far(PRICES) == pytest.approx(30.0, abs=0.1)
    assert replace(old, instances=(Instances("ml.p9.large", 1),)).so_far(PRICES) is None
