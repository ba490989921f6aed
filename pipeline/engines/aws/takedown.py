"""Takes an endpoint down, and all that stood for it: what costs money goes first. Twice is once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.engines.aws.autoscaling import unscale
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint_states import BUSY, DELETING
from pipeline.engines.aws.endpoints import CREATED_WITHIN_S, LOOK_S, Endpoint, look, or_none, until
from pipeline.engines.aws.errors import answered
from pipeline.errors import StoriesError


def take_down(
    clients: Clients,
    name: str,
    keep_model: bool = False,
    seconds: float = CREATED_WITHIN_S,
    every: float = LOOK_S,
    hear: Callable[[str], None] = lambda _: None,
) -> tuple[str, ...]:
    """What was deleted, in words: nothing where nothing was there. Waits until the endpoint is gone.

    The endpoint, its configuration, its models (but for `keep_model`) and its scaling; a configuration and a
    model called `name` as well, which a deployment that broke off left behind. hear: what is waited for.
    Raises StoriesError: something may still stand.
    """
    there = look(clients, name)
    if there and there.status in BUSY:
        hear(f"{name} {there.told}, and cannot be deleted yet: waiting")
        until(clients, name, lambda seen: seen is None or seen.status not in BUSY, seconds, every)
        there = look(clients, name)
    if there and there.status != DELETING:
        with answered("sagemaker", f"the SageMaker endpoint {name}"):
            or_none(clients.get("sagemaker").delete_endpoint, EndpointName=name)
    trouble, scaling = _unscaled(clients, name)
    if there:
        hear(f"{name} is being deleted: waiting until it is gone")
        until(clients, name, lambda seen: seen is None, seconds, every)
    gone = [f"endpoint {name}"] if there else []
    gone += [f"scaling of {target}" for target in scaling]
    gone += _what_stood_for_it(clients, name, there, keep_model)
    if trouble:
        raise trouble
    return tuple(gone)


def _unscaled(clients: Clients, name: str) -> tuple[StoriesError | None, tuple[str, ...]]:
    """A role that may not ask about scaling must not keep an endpoint standing."""
    try:
        return None, unscale(clients, name)
    except StoriesError as error:
        return error, ()


def _what_stood_for_it(clients: Clients, name: str, there: Endpoint | None, keep_model: bool) -> list[str]:
    client = clients.get("sagemaker")
    gone = []
    with answered("sagemaker", "Amazon SageMaker"):
        configs, models = {name}, {name}
        if there:
            configs.add(there.config)
        for config in sorted(configs):
            told = or_none(client.describe_endpoint_config, EndpointConfigName=config)
            if told:
                models |= {one["ModelName"] for one in told["ProductionVariants"] if "ModelName" in one}
                gone += _deleted(client.delete_endpoint_config, "configuration", EndpointConfigName=config)
        for model in () if keep_model else sorted(models):
            if or_none(client.describe_model, ModelName=model):
                gone += _deleted(client.delete_model, "model", ModelName=model)
    return gone


def _deleted(delete: Callable[..., Any], kind: str, **named: str) -> list[str]:
    return [] if or_none(delete, **named) is None else [f"{kind} {next(iter(named.values()))}"]
