"""Deletes an endpoint and everything that was created for it; to run it twice changes nothing more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.autoscaling import unscale
from pipeline.engines.aws.endpoint.status import BUSY, DELETING, Endpoint, find_endpoint, or_none
from pipeline.engines.aws.endpoint.waiting import CREATED_WITHIN_S, POLL_S, wait_until
from pipeline.engines.aws.errors import mapped_errors
from pipeline.errors import StoriesError
from pipeline.ports import OnText, ignore

# "Cannot update in-progress endpoint": SageMaker has no error code of its own for it.
_IN_PROGRESS = "in-progress endpoint"


def take_down(
    clients: Clients,
    name: str,
    keep_model: bool = False,
    seconds: float = CREATED_WITHIN_S,
    every: float = POLL_S,
    on_note: OnText = ignore,
) -> tuple[str, ...]:
    """Waits until the endpoint is gone. Returns what was deleted, in words: nothing where nothing existed.

    Its scaling goes first: it could begin an update, during which SageMaker deletes nothing. Then the
    endpoint, its configuration and what `delete_remains` says. seconds: for all of the waiting. on_note:
    receives what is waited for, and what is left. Raises StoriesError: something may still exist.
    """
    deadline = time.monotonic() + seconds
    endpoint = find_endpoint(clients, name)
    trouble, scaling = _unscale(clients, name)
    if endpoint:
        if endpoint.status in BUSY:
            on_note(f"{name} {endpoint.summary}, and cannot be deleted yet: waiting")
        wait_until(clients, name, _deletion(clients), deadline - time.monotonic(), every)
        on_note(f"{name} is being deleted: waiting until it is gone")
        wait_until(clients, name, lambda current: current is None, deadline - time.monotonic(), every)
    gone = [f"endpoint {name}"] if endpoint else []
    gone += [f"scaling of {target}" for target in scaling]
    gone += delete_remains(clients, name, endpoint.config if endpoint else "", keep_model, on_note)
    if trouble:
        raise trouble
    return tuple(gone)


def delete_remains(
    clients: Clients, name: str, config: str = "", keep_model: bool = False, on_note: OnText = ignore
) -> tuple[str, ...]:
    """Deletes the configurations called `name` and `config`, and the model called `name`. Returns which.

    Another model that they name stays, for several endpoints may serve it: `on_note` receives its name.
    Raises StoriesError.
    """
    client = clients.get("sagemaker")
    gone: list[str] = []
    with mapped_errors("sagemaker", "Amazon SageMaker"):
        for each in sorted({name, config} - {""}):
            described = or_none(client.describe_endpoint_config, EndpointConfigName=each) or {}
            models = {variant.get("ModelName", name) for variant in described.get("ProductionVariants", [])}
            if described:
                gone += _deleted(client.delete_endpoint_config, "configuration", EndpointConfigName=each)
            for model in sorted(models - {name}):
                on_note(f"left: model {model}, which others may use")
        if not keep_model and or_none(client.describe_model, ModelName=name):
            gone += _deleted(client.delete_model, "model", ModelName=name)
    return tuple(gone)


def _deletion(clients: Clients) -> Callable[[Endpoint | None], bool]:
    """Deletes the endpoint it is given; whether that is under way: an update may begin at any moment."""
    from botocore.exceptions import ClientError

    def started(endpoint: Endpoint | None) -> bool:
        if endpoint is None or endpoint.status == DELETING:
            return True
        if endpoint.status in BUSY:
            return False
        with mapped_errors("sagemaker", f"the SageMaker endpoint {endpoint.name}"):
            try:
                or_none(clients.get("sagemaker").delete_endpoint, EndpointName=endpoint.name)
            except ClientError as error:
                if _IN_PROGRESS in error.response["Error"]["Message"]:
                    return False
                raise
        return True

    return started


def _unscale(clients: Clients, name: str) -> tuple[StoriesError | None, tuple[str, ...]]:
    """A role that may not use Application Auto Scaling must still be able to delete the endpoint."""
    try:
        return None, unscale(clients, name)
    except StoriesError as error:
        return error, ()


def _deleted(delete: Callable[..., Any], kind: str, **parameters: str) -> list[str]:
    return [] if or_none(delete, **parameters) is None else [f"{kind} {next(iter(parameters.values()))}"]
