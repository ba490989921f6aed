"""Everything of an endpoint is deleted, in any state; and its scaling is set and deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local_aws import LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint import autoscaling
from pipeline.engines.aws.endpoint.status import Endpoint, find_endpoint
from pipeline.engines.aws.endpoint.takedown import take_down
from pipeline.errors import ConfigError, UnavailableError
from tests.engines.aws.standing import VARIANT, at_each, hold, names, quick, release, stand

NAME = "test-takedown"
RESOURCE = f"endpoint/{NAME}/variant/{VARIANT}"
Names = dict[str, set[str]]


@pytest.fixture
def before(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    quick(aws, monkeypatch, 0)
    yield names(aws)
    release(aws, NAME)
    take_down(Clients(), NAME, every=0)


def endpoint_of(clients: Clients) -> Endpoint:
    endpoint = find_endpoint(clients, NAME)
    assert endpoint
    return endpoint


def test_all_resources_go_once_the_endpoint_may_be_deleted(aws: LocalAws, before: Names) -> None:
    """Its scaling goes first."""
    clients, notes, targets = Clients(), [], []

    def note(text: str) -> None:
        notes.append(text)
        release(aws, NAME)

    stand(aws, NAME)
    autoscaling.scale(clients, endpoint_of(clients), 2, 7.0)
    hold(aws, NAME)
    at_each(clients.get("sagemaker"), "DeleteEndpoint", lambda: targets.append(names(aws)["targets"]))
    gone = take_down(clients, NAME, every=0, on_note=note)
    rest = (f"scaling of {RESOURCE}", f"configuration {NAME}", f"model {NAME}")
    assert gone == (f"endpoint {NAME}", *rest)
    assert targets == [before["targets"]]
    assert "cannot be deleted yet" in notes[0]
    assert names(aws) == before
    assert take_down(clients, NAME, every=0) == ()


def test_the_model_may_be_kept(aws: LocalAws, before: Names) -> None:
    stand(aws, NAME)
    take_down(Clients(), NAME, keep_model=True, every=0)
    assert names(aws) == {**before, "models": before["models"] | {NAME}}
    assert take_down(Clients(), NAME) == (f"model {NAME}",)


def test_a_model_of_another_name_stays_and_is_named(aws: LocalAws, before: Names) -> None:
    shared, notes = f"{NAME}-shared", []
    stand(aws, NAME, model=shared)
    gone = take_down(Clients(), NAME, every=0, on_note=notes.append)
    assert gone == (f"endpoint {NAME}", f"configuration {NAME}")
    assert f"left: model {shared}, which others may use" in notes
    assert names(aws) == {**before, "models": before["models"] | {shared}}
    assert take_down(Clients(), shared) == (f"model {shared}",)


def test_an_update_that_begins_meanwhile_is_waited_for(aws: LocalAws, before: Names) -> None:
    """The first request meets an update that has just begun, and that ends at the next look."""
    clients, requests = Clients(), []

    def begin() -> None:
        requests.append(NAME)
        if len(requests) == 1:
            hold(aws, NAME)
            at_each(clients.get("sagemaker"), "DescribeEndpoint", lambda: release(aws, NAME))

    stand(aws, NAME)
    at_each(clients.get("sagemaker"), "DeleteEndpoint", begin)
    assert f"endpoint {NAME}" in take_down(clients, NAME, every=0)
    assert len(requests) == 2
    assert names(aws) == before


def test_the_wait_has_an_end(aws: LocalAws, before: Names) -> None:
    stand(aws, NAME)
    hold(aws, NAME)
    with pytest.raises(UnavailableError, match="costs money by the hour"):
        take_down(Clients(), NAME, seconds=0.2, every=0.02)
    assert NAME in names(aws)["endpoints"]


def test_the_remains_of_a_broken_deployment_go_too(aws: LocalAws, before: Names) -> None:
    aws.options.quotas["ml.g5.2xlarge"] = 0
    with pytest.raises(Exception, match="ResourceLimitExceeded"):
        stand(aws, NAME)
    assert take_down(Clients(), NAME) == (f"configuration {NAME}", f"model {NAME}")
    assert names(aws) == before


def test_without_permission_for_scaling_the_endpoint_is_deleted_all_the_same(
    aws: LocalAws, before: Names
) -> None:
    class Refused(Clients):
        def get(self, service: str) -> object:
            if service == "application-autoscaling":
                raise ConfigError("not allowed", problem="access-denied")
            return super().get(service)

    stand(aws, NAME)
    with pytest.raises(ConfigError, match="not allowed"):
        take_down(Refused(), NAME, every=0)
    assert names(aws) == before


def test_scaling_again_replaces_the_first(aws: LocalAws, before: Names) -> None:
    clients = Clients()
    stand(aws, NAME)
    for most in (2, 4):
        assert autoscaling.scale(clients, endpoint_of(clients), most, 7.0) == (RESOURCE,)
    (target,) = autoscaling.scaled(clients, NAME)
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    with aws.client("application-autoscaling") as client:
        policies = client.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=RESOURCE)
    (policy,) = policies["ScalingPolicies"]
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    assert tracking["TargetValue"] == 7.0
    metric = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert metric == "SageMakerVariantInvocationsPerInstance"


@pytest.mark.parametrize(("seconds", "target"), [(6.0, 7.0), (0.7, 60.0), (300.0, 1.0)])
def test_the_target_leaves_an_instance_some_headroom(seconds: float, target: float) -> None:
    assert autoscaling.target_of(seconds) == target
