"""More instances of an endpoint while many ask, fewer afterwards; never none.

Application Auto Scaling holds the requests a minute and instance near a target. An endpoint of one model
cannot go to 0 instances: that needs inference components
(https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html).
"""

from __future__ import annotations

from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoints import Endpoint
from pipeline.engines.aws.errors import answered

_NAMESPACE = "sagemaker"
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_METRIC = "SageMakerVariantInvocationsPerInstance"
_POLICY = "stories-requests-per-instance"
_WHAT = "Application Auto Scaling"
# A new instance loads its weights for minutes: it is not sent away after a quiet moment.
_IN_AFTER_S, _OUT_AFTER_S = 600, 60
# What an instance does in a minute with nobody waiting, and some air.
_SHARE = 0.7


def target_of(seconds: float) -> float:
    """Requests a minute and instance, where one request takes so many seconds and they come one by one.

    >>> target_of(6.0)
    7.0
    """
    return max(1.0, round(_SHARE * 60 / seconds, 1))


def scale(clients: Clients, endpoint: Endpoint, most: int, target: float) -> tuple[str, ...]:
    """From 1 instance to `most`, at `target` requests a minute and instance. What is scaled, by resource ids.

    Twice is once: the second replaces the first. Raises StoriesError.
    """
    client = clients.get("application-autoscaling")
    names = tuple(f"endpoint/{endpoint.name}/variant/{variant}" for variant in endpoint.variants)
    with answered("application-autoscaling", _WHAT):
        for name in names:
            told = {"ServiceNamespace": _NAMESPACE, "ResourceId": name, "ScalableDimension": _DIMENSION}
            client.register_scalable_target(**told, MinCapacity=1, MaxCapacity=most)
            client.put_scaling_policy(
                **told,
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
    with answered("application-autoscaling", _WHAT):
        paginator = clients.get("application-autoscaling").get_paginator("describe_scalable_targets")
        pages = paginator.paginate(ServiceNamespace=_NAMESPACE)
        targets = [dict(one) for page in pages for one in page["ScalableTargets"]]
    return tuple(one for one in targets if one["ResourceId"].startswith(f"endpoint/{endpoint}/"))


def unscale(clients: Clients, endpoint: str) -> tuple[str, ...]:
    """No more scaling: the targets go, and their policies and alarms with them. Which, by resource ids."""
    client, names = clients.get("application-autoscaling"), []
    for target in scaled(clients, endpoint):
        told = {name: target[name] for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        with answered("application-autoscaling", _WHAT):
            client.deregister_scalable_target(**told)
        names.append(target["ResourceId"])
    return tuple(names)
