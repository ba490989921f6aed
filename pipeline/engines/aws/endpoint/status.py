"""SageMaker endpoints of this region: state, age and instances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.prices import Instances, Prices
from pipeline.engines.aws.errors import mapped_errors

NOTEBOOK = "notebooks/01_deploy_falcon.ipynb"
CREATING, DELETING, FAILED = "Creating", "Deleting", "Failed"
# SageMaker refuses to delete an endpoint in these states: "Cannot update in-progress endpoint".
BUSY = frozenset({CREATING, "Updating", "SystemUpdating", "RollingBack"})
_ENGINE = "sagemaker"
# Hours without a call after which an endpoint is pointed out, as one that somebody may have forgotten.
LONG_H = 12


class State(NamedTuple):
    """serves: whether it answers requests. summary: the state in words. todo: what to do, "" for nothing."""

    serves: bool
    summary: str
    todo: str


_STATES: Mapping[str, State] = {
    "InService": State(True, "is in service", ""),
    "Updating": State(True, "is being updated, and serves meanwhile", ""),
    "SystemUpdating": State(True, "is under AWS's maintenance, and serves meanwhile", ""),
    "RollingBack": State(True, "goes back to its last configuration, and serves meanwhile", ""),
    CREATING: State(False, "is being created", "wait: it takes 5 to 10 minutes, and {minutes} have passed"),
    DELETING: State(False, "is being deleted", f"deploy another with {NOTEBOOK}, or set STORIES_ENDPOINT"),
    "OutOfService": State(False, "is out of service", f"delete it and deploy again with {NOTEBOOK}"),
    FAILED: State(
        False,
        "has failed: {reason}",
        f"{{fix}}, delete it (`stories endpoints delete {{name}}`) and deploy again with {NOTEBOOK}",
    ),
    "UpdateRollbackFailed": State(
        False,
        "serves with a mix of old and new, since an update and its rollback failed: {reason}",
        "update it again, or delete it and deploy again",
    ),
}
_UNKNOWN = State(False, "is in a state called {status}", "look at it in SageMaker's console")
# Words of a FailureReason, in small letters, and the fix. The first match counts.
_FIXES = (
    ("capacity", "wait, or take another instance type or region: AWS has none free"),
    ("limit", "ask for a larger quota"),
    ("health check", "look at its CloudWatch log: the model did not start in time, or lacks memory"),
    ("model data", "let the role read the model's bucket"),
    ("role", "let SageMaker assume the role"),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """status: SageMaker's word. since: when it was created. config: the name of its configuration, and models
    of the models in it. summary, todo: what the state means, and what to do."""

    name: str
    arn: str
    status: str
    serves: bool
    since: datetime
    config: str
    models: tuple[str, ...]
    instances: tuple[Instances, ...]
    variants: tuple[str, ...]
    summary: str
    todo: str

    @property
    def holds_instances(self) -> bool:
        """A failed one holds none; one that is being deleted does, until it is gone."""
        return self.status != FAILED

    @property
    def on(self) -> str:
        """Its instances in words."""
        return ", ".join(f"{each.count} x {each.kind}" for each in self.instances) or "no instance"

    def per_hour(self, prices: Prices) -> float | None:
        """US dollars; None where the table lacks the type."""
        return prices.of(self.instances) if self.holds_instances else 0.0

    @property
    def hours(self) -> float:
        """Since it was created."""
        return max(0.0, (datetime.now(UTC) - self.since).total_seconds() / 3600)

    def is_idle(self, hours: float) -> bool:
        """Whether it costs and was not called for a session's time: maybe forgotten. hours: since a call."""
        return self.holds_instances and bool(self.instances) and hours >= LONG_H

    def so_far(self, prices: Prices) -> float | None:
        """US dollars, about: by the table's prices, had it had today's instances since it was created."""
        hourly = self.per_hour(prices)
        return None if hourly is None else round(hourly * self.hours, 2)


def state_of(described: Mapping[str, Any]) -> State:
    """described: the reply of DescribeEndpoint."""
    status = str(described["EndpointStatus"])
    state = _STATES.get(status, _UNKNOWN)
    now = datetime.now(UTC)
    age = now - described.get("CreationTime", now)
    reason = " ".join(described.get("FailureReason", "AWS gives no reason").split())
    fields = {
        "name": described.get("EndpointName", ""),
        "status": status,
        "reason": reason,
        "fix": next((fix for word, fix in _FIXES if word in reason.casefold()), "mend that"),
        "minutes": max(0, int(age.total_seconds() // 60)),
    }
    return state._replace(summary=state.summary.format(**fields), todo=state.todo.format(**fields))


def find_endpoint(clients: Clients, name: str) -> Endpoint | None:
    """None where no endpoint has that name. Raises StoriesError."""
    client = clients.get("sagemaker")
    with mapped_errors(_ENGINE, f"the SageMaker endpoint {name}"):
        described = or_none(client.describe_endpoint, EndpointName=name)
        if described is None:
            return None
        config = described["EndpointConfigName"]
        configured = or_none(client.describe_endpoint_config, EndpointConfigName=config) or {}
    return _endpoint(described, configured.get("ProductionVariants", []))


def list_endpoints(clients: Clients) -> tuple[Endpoint, ...]:
    """Every endpoint of the region, in any state, the oldest first. Raises StoriesError."""
    with mapped_errors(_ENGINE, "Amazon SageMaker"):
        pages = clients.get("sagemaker").get_paginator("list_endpoints").paginate(SortOrder="Ascending")
        names = [entry["EndpointName"] for page in pages for entry in page["Endpoints"]]
    endpoints = (find_endpoint(clients, name) for name in names)
    return tuple(sorted(filter(None, endpoints), key=lambda endpoint: endpoint.since))


def or_none(call: Callable[..., dict[str, Any]], **parameters: str) -> dict[str, Any] | None:
    """The reply; None where SageMaker says that there is no such thing: it has no error code of its own."""
    from botocore.exceptions import ClientError

    try:
        return call(**parameters)
    except ClientError as error:
        if "could not find" in error.response["Error"]["Message"].casefold():
            return None
        raise


def _endpoint(described: Mapping[str, Any], variants: list[dict[str, Any]]) -> Endpoint:
    """Types come from the configuration; how many there are now, from the endpoint itself."""
    state = state_of(described)
    now = {variant["VariantName"]: variant for variant in described.get("ProductionVariants", [])}
    return Endpoint(
        name=described["EndpointName"],
        arn=described["EndpointArn"],
        status=described["EndpointStatus"],
        serves=state.serves,
        since=described["CreationTime"],
        config=described["EndpointConfigName"],
        models=tuple(variant["ModelName"] for variant in variants if "ModelName" in variant),
        instances=tuple(
            Instances(variant["InstanceType"], _count(now.get(variant["VariantName"], {}), variant))
            for variant in variants
            if "InstanceType" in variant  # a serverless variant has none, and costs by the call
        ),
        variants=tuple(variant["VariantName"] for variant in variants),
        summary=state.summary,
        todo=state.todo,
    )


def _count(now: Mapping[str, Any], configured: Mapping[str, Any]) -> int:
    """While it is created or scaled, the desired count is the one that will be paid for."""
    wanted = now.get("DesiredInstanceCount") or now.get("CurrentInstanceCount")
    return int(wanted or configured.get("InitialInstanceCount", 1))
