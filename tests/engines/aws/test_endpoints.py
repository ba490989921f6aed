"""What stands is found with its instances, age and price; one that is created is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from infra.local_aws import Fault, LocalAws
from pipeline.engines.aws import endpoints
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.instances import Instances, Prices
from pipeline.engines.aws.takedown import take_down
from pipeline.errors import ConfigError, EngineError, UnavailableError
from tests.engines.aws.standing import G5, quick, stand

NAME = "test-endpoints"
PRICES = Prices("2026-11", "us-east-1", "https://example.org", {G5: 2.0}, {})


@pytest.fixture
def clients(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    quick(aws, monkeypatch)
    made = Clients()
    made.get("sagemaker")  # takes longer than an endpoint here
    yield made
    take_down(Clients(), NAME, every=0.05)


def test_an_endpoint_that_is_not_there_is_none(clients: Clients) -> None:
    assert endpoints.look(clients, "no-such-endpoint") is None


def test_one_that_is_created_is_seen_until_it_serves(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME, count=2)
    seen = list(endpoints.until_in_service(clients, NAME, every=0.05))
    assert {one.status for one in seen[:-1]} == {"Creating"}
    last = seen[-1]
    assert (last.status, last.serves, last.told) == ("InService", True, "is in service")
    assert last.instances == (Instances(G5, 2),)
    assert last.models == (NAME,)
    assert last.arn.endswith(f":endpoint/{NAME}")


def test_one_that_fails_says_why_and_what_to_do(clients: Clients, aws: LocalAws) -> None:
    aws.options.endpoint_failures[NAME] = "Unable to provision requested ML compute\n capacity"
    stand(aws, NAME)
    with pytest.raises(ConfigError) as raised:
        list(endpoints.until_in_service(clients, NAME, every=0.05))
    told = str(raised.value)
    assert "has failed: Unable to provision requested ML compute capacity" in told
    assert "another instance type or region" in told
    assert f"stories endpoints delete {NAME}" in told
    failed = endpoints.look(clients, NAME)
    assert failed
    assert failed.per_hour(PRICES) == 0.0


def test_the_wait_has_an_end(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME)
    with pytest.raises(UnavailableError, match="costs money by the hour"):
        list(endpoints.until_in_service(clients, NAME, seconds=0.1, every=0.05))


def test_a_ctrl_c_leaves_it_and_says_what_that_costs(
    clients: Clients, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand(aws, NAME)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    said = rf"costs money by the hour.*stories endpoints delete {NAME}"
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.engines.aws.endpoints.time.sleep", interrupt)
        with pytest.raises(EngineError, match=said):
            list(endpoints.until_in_service(clients, NAME))


def test_a_refusal_of_the_service_is_an_error_of_ours(clients: Clients, aws: LocalAws) -> None:
    aws.inject("DescribeEndpoint", Fault("error503", times=5))
    with pytest.raises(UnavailableError, match="is unavailable"):
        endpoints.look(clients, NAME)
    aws.clear("DescribeEndpoint")


def test_everything_in_the_region_is_listed_the_oldest_first(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME)
    found = endpoints.running(clients)
    assert found[-1].name == NAME
    assert len(found) > 1
    assert [one.since for one in found] == sorted(one.since for one in found)


def test_money_so_far_is_hours_times_instances_times_price(clients: Clients, aws: LocalAws) -> None:
    stand(aws, NAME)
    one = endpoints.look(clients, NAME)
    assert one
    old = replace(one, instances=(Instances(G5, 3),), since=datetime.now(UTC) - timedelta(hours=5))
    assert old.per_hour(PRICES) == 6.0
    assert old.so_far(PRICES) == pytest.approx(30.0, abs=0.01)
    strange = replace(old, instances=(Instances("ml.p9.large", 1),))
    assert strange.so_far(PRICES) is None
