"""Nothing is left standing, whatever was there; and what is scaled is no more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from infra.local_aws import LocalAws
from pipeline.engines.aws import autoscaling
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoints import look
from pipeline.engines.aws.takedown import take_down
from pipeline.errors import ConfigError, UnavailableError
from tests.engines.aws.standing import VARIANT, names, quick, stand, until

NAME = "test-takedown"
RESOURCE = f"endpoint/{NAME}/variant/{VARIANT}"


def when(clients: Clients, operation: str, does: Callable[[], None]) -> None:
    """Just before each request of that kind leaves."""
    events = clients.get("sagemaker").meta.events
    events.register(f"before-call.sagemaker.{operation}", lambda **_: does())


@pytest.fixture
def before(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, set[str]]]:
    quick(aws, monkeypatch)
    yield names(aws)
    take_down(Clients(), NAME, every=0.05)


def test_all_that_stood_for_it_goes_once_it_may(aws: LocalAws, before: dict[str, set[str]]) -> None:
    clients, heard = Clients(), []
    aws.options.endpoint_delay = 2.0
    stand(aws, NAME)
    there = look(clients, NAME)
    assert there
    autoscaling.scale(clients, there, 2, 7.0)
    gone = take_down(clients, NAME, every=0.05, hear=heard.append)
    assert gone == (
        f"endpoint {NAME}",
        f"scaling of {RESOURCE}",
        f"configuration {NAME}",
        f"model {NAME}",
    )
    assert "cannot be deleted yet" in heard[0]
    assert names(aws) == before


def test_twice_is_once(aws: LocalAws, before: dict[str, set[str]]) -> None:
    stand(aws, NAME)
    assert take_down(Clients(), NAME, every=0.05)
    assert take_down(Clients(), NAME, every=0.05) == ()


def test_the_model_stays_for_a_run_that_raises_its_own_endpoint(
    aws: LocalAws, before: dict[str, set[str]]
) -> None:
    stand(aws, NAME)
    take_down(Clients(), NAME, keep_model=True, every=0.05)
    assert names(aws) == {**before, "models": before["models"] | {NAME}}
    assert take_down(Clients(), NAME) == (f"model {NAME}",)


def test_a_model_of_another_name_stays_for_others_and_is_named(
    aws: LocalAws, before: dict[str, set[str]]
) -> None:
    shared, heard = f"{NAME}-shared", []
    stand(aws, NAME, model=shared)
    gone = take_down(Clients(), NAME, every=0.05, hear=heard.append)
    assert gone == (f"endpoint {NAME}", f"configuration {NAME}")
    assert f"left: model {shared}, which others may use" in heard
    assert names(aws) == {**before, "models": before["models"] | {shared}}
    assert take_down(Clients(), shared) == (f"model {shared}",)


def test_scaling_is_away_before_the_endpoint_is_asked_to_go(
    aws: LocalAws, before: dict[str, set[str]]
) -> None:
    clients, scaled = Clients(), []
    stand(aws, NAME)
    there = look(clients, NAME)
    assert there
    autoscaling.scale(clients, there, 2, 7.0)
    when(clients, "DeleteEndpoint", lambda: scaled.append(names(aws)["targets"]))
    take_down(clients, NAME, every=0.05)
    assert scaled == [before["targets"]]


def test_an_update_that_begins_meanwhile_is_waited_for(aws: LocalAws, before: dict[str, set[str]]) -> None:
    clients, asked = Clients(), []
    stand(aws, NAME)
    until(lambda: not aws.account.is_unready(NAME))

    def begins() -> None:
        if not asked:
            aws.account.unready[NAME] = time.monotonic() + 0.3
        asked.append(NAME)

    when(clients, "DeleteEndpoint", begins)
    assert f"endpoint {NAME}" in take_down(clients, NAME, every=0.05)
    assert len(asked) == 2
    assert names(aws) == before


def test_all_of_the_waiting_has_one_end(aws: LocalAws, before: dict[str, set[str]]) -> None:
    stand(aws, NAME)
    aws.account.unready[NAME] = time.monotonic() + 60
    with pytest.raises(UnavailableError, match="costs money by the hour"):
        take_down(Clients(), NAME, seconds=0.2, every=0.05)
    assert NAME in names(aws)["endpoints"]
    aws.account.unready.pop(NAME)


def test_what_a_broken_deployment_left_goes_too(aws: LocalAws, before: dict[str, set[str]]) -> None:
    aws.options.quotas["ml.g5.2xlarge"] = 0
    with pytest.raises(Exception, match="ResourceLimitExceeded"):
        stand(aws, NAME)
    assert take_down(Clients(), NAME) == (f"configuration {NAME}", f"model {NAME}")
    assert names(aws) == before


def test_a_role_that_may_not_scale_takes_the_endpoint_down_all_the_same(
    aws: LocalAws, before: dict[str, set[str]]
) -> None:
    class Refused(Clients):
        def get(self, service: str) -> object:
            if service == "application-autoscaling":
                raise ConfigError("not allowed", problem="access-denied")
            return super().get(service)

    stand(aws, NAME)
    with pytest.raises(ConfigError, match="not allowed"):
        take_down(Refused(), NAME, every=0.05)
    assert names(aws) == before


def test_scaling_twice_is_once_and_keeps_the_last(aws: LocalAws, before: dict[str, set[str]]) -> None:
    clients = Clients()
    stand(aws, NAME)
    there = look(clients, NAME)
    assert there
    for most in (2, 4):
        assert autoscaling.scale(clients, there, most, 7.0) == (RESOURCE,)
    (target,) = autoscaling.scaled(clients, NAME)
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    with aws.client("application-autoscaling") as client:
        told = client.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=RESOURCE)
    (policy,) = told["ScalingPolicies"]
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["TargetValue"] == 7.0
    metric = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert metric == "SageMakerVariantInvocationsPerInstance"


@pytest.mark.parametrize(("seconds", "target"), [(6.0, 7.0), (0.7, 60.0), (300.0, 1.0)])
def test_the_target_is_what_an_instance_does_in_a_minute_with_some_air(seconds: float, target: float) -> None:
    assert autoscaling.target_of(seconds) == target
