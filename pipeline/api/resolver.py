"""Powertools' resolver for a server of many threads.

A Lambda function handles one request at a time, so Powertools keeps the current request on its classes
(BaseRouter.current_event, the resolver's context; as of 3.37). Two threads would read each other's.
Here each thread has its own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent


class _PerThread:
    """An attribute with a value for each thread, created at its first use."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._own = threading.local()

    def __get__(self, resolver: Any, owner: type | None = None) -> Any:
        name = str(id(resolver))
        if not hasattr(self._own, name):
            setattr(self._own, name, self._make())
        return getattr(self._own, name)

    def __set__(self, resolver: Any, value: Any) -> None:
        setattr(self._own, str(id(resolver)), value)


class Resolver(APIGatewayRestResolver):
    current_event: Any = _PerThread(lambda: None)
    context: Any = _PerThread(dict)
    processed_stack_frames: Any = _PerThread(list)

    def resolve(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        self.current_event = APIGatewayProxyEvent(dict(event), _read)
        return super().resolve(event, context)


def _read(text: str) -> Any:
    """Raises json.JSONDecodeError, which Powertools handles, for every text that json cannot load."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 8,000 brackets
        raise json.JSONDecodeError("not read", "", 0) from error
