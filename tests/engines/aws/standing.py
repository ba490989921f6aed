"""Endpoints as somebody deployed them, on the local AWS."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from infra.local_aws import LocalAws

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
G5 = "ml.g5.2xlarge"
VARIANT = "AllTraffic"


def stand(aws: LocalAws, name: str, kind: str = G5, count: int = 1, model: str = "") -> None:
    """Creating, for as long as the options say. model: "" is `name`."""
    model = model or name
    variant = {
        "VariantName": VARIANT,
        "ModelName": model,
        "InstanceType": kind,
        "InitialInstanceCount": count,
    }
    with aws.client("sagemaker") as client:
        client.create_model(
            ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "local.invalid/tgi:1"}
        )
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        client.create_endpoint(EndpointName=name, EndpointConfigName=name)


def names(aws: LocalAws) -> dict[str, set[str]]:
    """All that stands: endpoints, configurations, models and scalable targets."""
    with aws.client("sagemaker") as client:
        found = {
            "endpoints": {one["EndpointName"] for one in client.list_endpoints()["Endpoints"]},
            "configs": {
                one["EndpointConfigName"] for one in client.list_endpoint_configs()["EndpointConfigs"]
            },
            "models": {one["ModelName"] for one in client.list_models()["Models"]},
        }
    with aws.client("application-autoscaling") as client:
        targets = client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return {**found, "targets": {one["ResourceId"] for one in targets}}


def quick(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, seconds: float = 0.3) -> None:
    """Endpoints come and go within so much time, and the quotas and failures are this test's own."""
    monkeypatch.setattr(aws.options, "endpoint_delay", seconds)
    monkeypatch.setattr(aws.options, "quotas", {})
    monkeypatch.setattr(aws.options, "endpoint_failures", {})


def until(true: Callable[[], Any], seconds: float = 10) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it does not come about"
        time.sleep(0.02)
