"""More instances of an endpoint while many requests come, fewer afterwards; at least one.

Application Auto Scaling holds the requests a minute and instance near a target. An endpoint of one model
cannot go to 0 instances: that needs inference components
(https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html).
"""

from __future__ import annotations

from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.status import Endpoint
from pipeline.engines.aws.errors import mapped_errors

_NAMESPACE = "sagemaker"
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_METRIC = "SageMakerVariantInvocationsPerInstance"
_POLICY = "stories-requests-per-instance"
_WHAT = "Application Auto Scaling"
# A new instance loads its weights for minutes: it is not sent away after a quiet moment.
_IN_AFTER_S, _OUT_AFTER_S = 600, 60
# Share of the requests that an instance can do in a minute: some headroom.
_SHARE = 0.7


def target_of(seconds: float) -> float:
    """Requests a minute and instance, where one request takes so many seconds and they come one by one.

    >>> target_of(6.0)
    7.0
    """
    return max(1.0, round(_SHARE * 60 / seconds, 1))


def scale(clients: Clients, endpoint: Endpoint, most: int, target: float) -> tuple[str, ...]:
    """From 1 instance to `most`, at `target` requests a minute and instance. Returns the scaled resource ids.

    A second call replaces the first. Raises StoriesError.
    """
    client = clients.get("application-autoscaling")
    names = tuple(f"endpoint/{endpoint.name}/variant/{variant}" for variant in endpoint.variants)
    with mapped_errors("application-autoscaling", _WHAT):
        for name in names:
            target_id = {"ServiceNamespace": _NAMESPACE, "ResourceId": name, "ScalableDimension": _DIMENSION}
            client.register_scalable_target(**target_id, MinCapacity=1, MaxCapacity=most)
            client.put_scaling_policy(
                **target_id,
                PolicyName=_POLICY,
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration={
                    "TargetValue": target,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": _METRIC},
                    "ScaleInCooldown": _IN_AFTER_S,
                    "ScaleOutCooldown": _OUT_AFTER_S,
                },
            )
    return names


def scaled(clients: Clients, endpoint: str) -> tuple[dict[str, Any], ...]:
    """The scalable targets of the endpoint of that name, also where the endpoint itself is gone."""
    with mapped_errors("application-autoscaling", _WHAT):
        paginator = clients.get("application-autoscaling").get_paginator("describe_scalable_targets")
        pages = paginator.paginate(ServiceNamespace=_NAMESPACE)
        targets = [dict(target) for page in pages for target in page["ScalableTargets"]]
    return tuple(target for target in targets if target["ResourceId"].startswith(f"endpoint/{endpoint}/"))


def unscale(clients: Clients, endpoint: str) -> tuple[str, ...]:
    """Deletes the scalable targets, and their policies and alarms with them. Returns their resource ids."""
    client, names = clients.get("application-autoscaling"), []
    for target in scaled(clients, endpoint):
        target_id = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        with mapped_errors("application-autoscaling", _WHAT):
            client.deregister_scalable_target(**target_id)
        names.append(target["ResourceId"])
    return tuple(names)
