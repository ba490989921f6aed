"""Takes an endpoint down, and all that stood for it. Twice is once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pipeline.engines.aws.autoscaling import unscale
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint_states import BUSY, DELETING
from pipeline.engines.aws.endpoints import CREATED_WITHIN_S, LOOK_S, Endpoint, look, or_none, until
from pipeline.engines.aws.errors import answered
from pipeline.errors import StoriesError

Hear = Callable[[str], None]
# "Cannot update in-progress endpoint": SageMaker has no error code of its own for it.
_IN_PROGRESS = "in-progress endpoint"


def unheard(_: str) -> None:
    """For those who need not know."""


def take_down(
    clients: Clients,
    name: str,
    keep_model: bool = False,
    seconds: float = CREATED_WITHIN_S,
    every: float = LOOK_S,
    hear: Hear = unheard,
) -> tuple[str, ...]:
    """What was deleted, in words: nothing where nothing was there. Waits until the endpoint is gone.

    Its scaling goes first: it could begin an update, during which SageMaker deletes nothing. Then the
    endpoint, its configuration and what `left_overs` says. seconds: for all of the waiting. hear: what is
    waited for, and what is left. Raises StoriesError: something may still stand.
    """
    ends = time.monotonic() + seconds
    there = look(clients, name)
    trouble, scaling = _unscaled(clients, name)
    if there:
        if there.status in BUSY:
            hear(f"{name} {there.told}, and cannot be deleted yet: waiting")
        until(clients, name, _asked_to_go(clients), ends - time.monotonic(), every)
        hear(f"{name} is being deleted: waiting until it is gone")
        until(clients, name, lambda seen: seen is None, ends - time.monotonic(), every)
    gone = [f"endpoint {name}"] if there else []
    gone += [f"scaling of {target}" for target in scaling]
    gone += left_overs(clients, name, there.config if there else "", keep_model, hear)
    if trouble:
        raise trouble
    return tuple(gone)


def left_overs(
    clients: Clients, name: str, config: str = "", keep_model: bool = False, hear: Hear = unheard
) -> tuple[str, ...]:
    """Deletes the configurations called `name` and `config`, and the model called `name`: which, in words.

    Another model that they name stays, for several endpoints may serve it: that is heard. Raises
    StoriesError.
    """
    client = clients.get("sagemaker")
    gone: list[str] = []
    with answered("sagemaker", "Amazon SageMaker"):
        for each in sorted({name, config} - {""}):
            told = or_none(client.describe_endpoint_config, EndpointConfigName=each) or {}
            served = {one.get("ModelName", name) for one in told.get("ProductionVariants", [])}
            if told:
                gone += _deleted(client.delete_endpoint_config, "configuration", EndpointConfigName=each)
            for model in sorted(served - {name}):
                hear(f"left: model {model}, which others may use")
        if not keep_model and or_none(client.describe_model, ModelName=name):
            gone += _deleted(client.delete_model, "model", ModelName=name)
    return tuple(gone)


def _asked_to_go(clients: Clients) -> Callable[[Endpoint | None], bool]:
    """Whether the one that was seen is gone, or on its way out by now: an update may begin at any moment."""
    from botocore.exceptions import ClientError

    def reached(seen: Endpoint | None) -> bool:
        if seen is None or seen.status == DELETING:
            return True
        if seen.status in BUSY:
            return False
        with answered("sagemaker", f"the SageMaker endpoint {seen.name}"):
            try:
                or_none(clients.get("sagemaker").delete_endpoint, EndpointName=seen.name)
            except ClientError as error:
                if _IN_PROGRESS in error.response["Error"]["Message"]:
                    return False
                raise
        return True

    return reached


def _unscaled(clients: Clients, name: str) -> tuple[StoriesError | None, tuple[str, ...]]:
    """A role that may not ask about scaling must not keep an endpoint standing."""
    try:
        return None, unscale(clients, name)
    except StoriesError as error:
        return error, ()


def _deleted(delete: Callable[..., Any], kind: str, **named: str) -> list[str]:
    return [] if or_none(delete, **named) is None else [f"{kind} {next(iter(named.values()))}"]
