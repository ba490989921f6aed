"""Whether an endpoint is called, by CloudWatch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.status import Endpoint
from pipeline.engines.aws.errors import mapped_errors

# CloudWatch keeps figures of an hour for 455 days; an endpoint that was not called for a week is idle enough.
_BACK = timedelta(days=7)
_HOUR = timedelta(hours=1)


def hours_since_a_call(clients: Clients, endpoint: Endpoint) -> float:
    """Since the hour of its last call; since it was created, a week at most, where there was none.

    Raises StoriesError: CloudWatch does not say, as without the permission cloudwatch:GetMetricStatistics.
    """
    now = datetime.now(UTC)
    begin = max(endpoint.since.astimezone(UTC), now - _BACK)
    last = begin
    with mapped_errors("cloudwatch", "Amazon CloudWatch"):
        for variant in endpoint.variants:
            answer = clients.get("cloudwatch").get_metric_statistics(
                Namespace="AWS/SageMaker",
                MetricName="Invocations",
                Dimensions=[
                    {"Name": "EndpointName", "Value": endpoint.name},
                    {"Name": "VariantName", "Value": variant},
                ],
                StartTime=begin - _HOUR,  # figures begin at whole hours
                EndTime=now,
                Period=int(_HOUR.total_seconds()),
                Statistics=["Sum"],
            )
            called = (point["Timestamp"] + _HOUR for point in answer["Datapoints"] if point["Sum"] > 0)
            last = max([last, *called])
    return max(0.0, (now - last).total_seconds() / 3600)
