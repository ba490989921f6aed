"""Deployed endpoints on the local AWS."""

from __future__ import annotations

import time
from typing import Any

import pytest

from infra.local_aws import LocalAws

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
G5 = "ml.g5.2xlarge"
VARIANT = "AllTraffic"


def stand(aws: LocalAws, name: str, kind: str = G5, count: int = 1, model: str = "") -> None:
    """Creates an endpoint: Creating, for as long as the options say. model: "" is `name`."""
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
    """All endpoints, configurations, models and scalable targets."""
    with aws.client("sagemaker") as client:
        configs = client.list_endpoint_configs()["EndpointConfigs"]
        resources = {
            "endpoints": {endpoint["EndpointName"] for endpoint in client.list_endpoints()["Endpoints"]},
            "configs": {config["EndpointConfigName"] for config in configs},
            "models": {model["ModelName"] for model in client.list_models()["Models"]},
        }
    with aws.client("application-autoscaling") as client:
        targets = client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    return {**resources, "targets": {target["ResourceId"] for target in targets}}


def quick(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, seconds: float = 0.3) -> None:
    """Endpoints come and go within so much time, and the quotas and failures are this test's own."""
    monkeypatch.setattr(aws.options, "endpoint_delay", seconds)
    monkeypatch.setattr(aws.options, "quotas", {})
    monkeypatch.setattr(aws.options, "endpoint_failures", {})


def hold(aws: LocalAws, name: str) -> None:
    """The endpoint is Creating until `release`."""
    aws.account.unready[name] = time.monotonic() + 3600


def release(aws: LocalAws, name: str) -> None:
    aws.account.unready.pop(name, None)


def at_each(client: Any, operation: str, call: Any) -> None:
    """Calls `call` just before each request of that operation leaves."""
    client.meta.events.register(f"before-call.sagemaker.{operation}", lambda **_: call())
