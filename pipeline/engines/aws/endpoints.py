"""SageMaker endpoints: what stands in this region, since when and on what; waiting for one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint_states import CREATING, FAILED, NOTEBOOK, judged
from pipeline.engines.aws.errors import answered
from pipeline.engines.aws.instances import Instances, Prices
from pipeline.errors import ConfigError, EngineError, UnavailableError

_ENGINE = "sagemaker"
# 15 GB of weights are loaded within 10 minutes, or something is wrong; SageMaker itself waits longer.
CREATED_WITHIN_S = 2700.0
LOOK_S = 5.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """status: SageMaker's word. since: when it was created. config: the name of its configuration, and models
    of what it serves. told, todo: what the state means, and what to do."""

    name: str
    arn: str
    status: str
    serves: bool
    since: datetime
    config: str
    models: tuple[str, ...]
    instances: tuple[Instances, ...]
    variants: tuple[str, ...]
    told: str
    todo: str

    @property
    def holds_instances(self) -> bool:
        """A failed one holds none; one that is being deleted does, until it is gone."""
        return self.status != FAILED

    @property
    def on(self) -> str:
        """Its instances in words."""
        return ", ".join(f"{one.count} x {one.kind}" for one in self.instances) or "no instance"

    def per_hour(self, prices: Prices) -> float | None:
        """US dollars; None where the table lacks the type."""
        return prices.of(self.instances) if self.holds_instances else 0.0

    def so_far(self, prices: Prices) -> float | None:
        """US dollars, about: by the table's prices, had it had today's instances since it was created."""
        hourly = self.per_hour(prices)
        hours = (datetime.now(UTC) - self.since).total_seconds() / 3600
        return None if hourly is None else round(hourly * max(0.0, hours), 2)


def look(clients: Clients, name: str) -> Endpoint | None:
    """None where no endpoint has that name. Raises StoriesError."""
    client = clients.get("sagemaker")
    with answered(_ENGINE, f"the SageMaker endpoint {name}"):
        described = or_none(client.describe_endpoint, EndpointName=name)
        if described is None:
            return None
        config = described["EndpointConfigName"]
        configured = or_none(client.describe_endpoint_config, EndpointConfigName=config) or {}
    return _endpoint(described, configured.get("ProductionVariants", []))


def running(clients: Clients) -> tuple[Endpoint, ...]:
    """Every endpoint of the region, in any state, the oldest first. Raises StoriesError."""
    with answered(_ENGINE, "Amazon SageMaker"):
        pages = clients.get("sagemaker").get_paginator("list_endpoints").paginate(SortOrder="Ascending")
        names = [one["EndpointName"] for page in pages for one in page["Endpoints"]]
    found = (look(clients, name) for name in names)
    return tuple(sorted((one for one in found if one), key=lambda one: one.since))


def until_in_service(
    clients: Clients, name: str, seconds: float = CREATED_WITHIN_S, every: float = LOOK_S
) -> Iterator[Endpoint]:
    """The endpoint at each look, in service at the last. A Ctrl-C leaves it as it is, and says so.

    Raises ConfigError: it failed, or is none that will serve. UnavailableError: not within `seconds`.
    """
    try:
        for seen in _looks(clients, name, seconds, every):
            if seen is None:
                raise _gone(name)
            yield seen
            if seen.serves:
                return
            if seen.status != CREATING:
                raise ConfigError(f"the endpoint {name} {seen.told}: {seen.todo}", problem="no-endpoint")
    except KeyboardInterrupt:
        raise EngineError(
            f"stopped waiting; the endpoint {name} is still being created and costs money by the hour: run "
            f"this again to go on waiting, or `stories endpoints delete {name}`",
            engine=_ENGINE,
            problem="interrupted",
        ) from None


def until(
    clients: Clients,
    name: str,
    reached: Callable[[Endpoint | None], bool],
    seconds: float = CREATED_WITHIN_S,
    every: float = LOOK_S,
) -> None:
    """Raises UnavailableError: not reached within `seconds`."""
    for seen in _looks(clients, name, seconds, every):
        if reached(seen):
            return


def or_none(ask: Callable[..., dict[str, Any]], **named: str) -> dict[str, Any] | None:
    """The answer; None where SageMaker says that there is no such thing: it has no error code of its own."""
    from botocore.exceptions import ClientError

    try:
        return ask(**named)
    except ClientError as error:
        if "could not find" in error.response["Error"]["Message"].casefold():
            return None
        raise


def _looks(clients: Clients, name: str, seconds: float, every: float) -> Iterator[Endpoint | None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield look(clients, name)
        time.sleep(every)
    raise UnavailableError(
        f"the endpoint {name} has not got there within {seconds / 60:.0f} minutes: it may still be on its "
        "way, and costs money by the hour; look at it in SageMaker's console (`stories endpoints`)",
        engine=_ENGINE,
    )


def _gone(name: str) -> ConfigError:
    return ConfigError(
        f"the endpoint {name} is gone: somebody deleted it; deploy it again with {NOTEBOOK}",
        problem="no-endpoint",
    )


def _endpoint(described: Mapping[str, Any], variants: list[dict[str, Any]]) -> Endpoint:
    """Types come from the configuration; how many there are now, from the endpoint itself."""
    serves, told, todo = judged(described)
    now = {one["VariantName"]: one for one in described.get("ProductionVariants", [])}
    return Endpoint(
        name=described["EndpointName"],
        arn=described["EndpointArn"],
        status=described["EndpointStatus"],
        serves=bool(serves),
        since=described["CreationTime"],
        config=described["EndpointConfigName"],
        models=tuple(one["ModelName"] for one in variants if "ModelName" in one),
        instances=tuple(
            Instances(one["InstanceType"], _count(now.get(one["VariantName"], {}), one))
            for one in variants
            if "InstanceType" in one  # a serverless variant has none, and costs by the call
        ),
        variants=tuple(one["VariantName"] for one in variants),
        told=told,
        todo=todo,
    )


def _count(now: Mapping[str, Any], configured: Mapping[str, Any]) -> int:
    """While it is created or scaled, what is wanted is what will be paid for."""
    wanted = now.get("DesiredInstanceCount") or now.get("CurrentInstanceCount")
    return int(wanted or configured.get("InitialInstanceCount", 1))
