"""Waiting for a state of a SageMaker endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.status import CREATING, NOTEBOOK, Endpoint, find_endpoint
from pipeline.errors import ConfigError, EngineError, UnavailableError

# 15 GB of weights are loaded within 10 minutes, or something is wrong; SageMaker itself waits longer.
CREATED_WITHIN_S = 2700.0
POLL_S = 5.0
_ENGINE = "sagemaker"


def wait_until_in_service(
    clients: Clients, name: str, seconds: float = CREATED_WITHIN_S, every: float = POLL_S
) -> Iterator[Endpoint]:
    """The endpoint at each poll, in service at the last. A Ctrl-C leaves it as it is, and says so.

    Raises ConfigError: it failed, or is none that will serve. UnavailableError: not within `seconds`.
    """
    try:
        for endpoint in _polls(clients, name, seconds, every):
            if endpoint is None:
                raise ConfigError(
                    f"the endpoint {name} is gone, something deleted it: deploy it again with {NOTEBOOK}",
                    problem="no-endpoint",
                )
            yield endpoint
            if endpoint.serves:
                return
            if endpoint.status != CREATING:
                raise ConfigError(
                    f"the endpoint {name} {endpoint.summary}: {endpoint.todo}", problem="no-endpoint"
                )
    except KeyboardInterrupt:
        raise EngineError(
            f"stopped waiting; the endpoint {name} is still being created and costs money by the hour: run "
            f"this again to go on waiting, or `stories endpoints delete {name}`",
            engine=_ENGINE,
            problem="interrupted",
        ) from None


def wait_until(
    clients: Clients,
    name: str,
    reached: Callable[[Endpoint | None], bool],
    seconds: float = CREATED_WITHIN_S,
    every: float = POLL_S,
) -> None:
    """Raises UnavailableError: not reached within `seconds`."""
    for endpoint in _polls(clients, name, seconds, every):
        if reached(endpoint):
            return


def _polls(clients: Clients, name: str, seconds: float, every: float) -> Iterator[Endpoint | None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield find_endpoint(clients, name)
        time.sleep(every)
    raise UnavailableError(
        f"the endpoint {name} did not reach the expected state within {seconds / 60:.0f} minutes: it may "
        "still be on its way, and costs money by the hour; look at it in SageMaker's console "
        "(`stories endpoints`)",
        engine=_ENGINE,
    )
