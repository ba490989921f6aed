"""Logs, metrics and traces of the Lambda handlers, by Powertools: with the story's id, without its texts.

A Lambda environment answers one event at a time, but a local AWS runs these handlers in threads: nothing of
one call is kept where another one may find it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.logging import utils
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
_SERVICE, _NAMESPACE = "mvp-stories", "MvpStories"


def observed(handler: Handler) -> Handler:
    """Times each call, counts it as made or failed, and traces it."""
    name = handler.__name__

    @wraps(handler)
    def call(event: dict[str, Any], context: Any) -> dict[str, Any]:
        log, tracer = _logger(), _tracer()
        keys = _keys(event, context)
        log.thread_safe_append_keys(**keys)
        metrics = EphemeralMetrics(namespace=_NAMESPACE, service=_SERVICE)
        metrics.add_dimension("function", name)
        started = time.perf_counter()
        try:
            with tracer.provider.in_subsegment(f"## {name}"):
                answer = handler(event, context)
            metrics.add_metric("Made", MetricUnit.Count, 1)
            return answer
        except Exception as error:
            metrics.add_metric("Failed", MetricUnit.Count, 1)
            log.warning("failed", extra={"error": type(error).__name__})
            raise
        finally:
            metrics.add_metric("Duration", MetricUnit.Milliseconds, (time.perf_counter() - started) * 1000)
            metrics.flush_metrics()
            log.thread_safe_remove_keys(list(keys))

    return call


def _keys(event: dict[str, Any], context: Any) -> dict[str, str]:
    """What every line of this call bears. An API event names its story in its path: its own line says it."""
    named = {"id": "story_id", "locale": "locale"}
    found = {key: str(event[name]) for name, key in named.items() if name in event}
    return {"function_request_id": getattr(context, "aws_request_id", ""), **found}


@cache
def _logger() -> Logger:
    """The pipeline's own loggers, also those that are made later, write as it does."""
    log = Logger(service=_SERVICE)
    logging.getLogger("pipeline")  # only what is registered is configured; its children write through it
    utils.copy_config_to_registered_loggers(source_logger=log, include={"pipeline"})
    return log


@cache
def _tracer() -> Tracer:
    return Tracer(service=_SERVICE)
