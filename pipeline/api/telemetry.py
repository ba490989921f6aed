"""Logs and metrics of the Lambda handlers, by Powertools: with the story's id, without its texts.

A Lambda environment handles one event at a time, but a local AWS runs these handlers in threads: no state
of a call is shared.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging import utils
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from pipeline.api.events import table

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
_SERVICE, _NAMESPACE = "mvp-stories", "MvpStories"


def observed(handler: Handler) -> Handler:
    """The handler with logs and metrics: calls made, calls failed, duration."""
    name = handler.__name__

    @wraps(handler)
    def call(event: dict[str, Any], context: Any) -> dict[str, Any]:
        log = _logger()
        keys = _keys(event, context)
        log.thread_safe_append_keys(**keys)
        metrics = EphemeralMetrics(namespace=_NAMESPACE, service=_SERVICE)
        metrics.add_dimension("function", name)
        started = time.perf_counter()
        try:
            response = handler(event, context)
            metrics.add_metric("Made", MetricUnit.Count, 1)
            return response
        except Exception as error:
            metrics.add_metric("Failed", MetricUnit.Count, 1)
            log.warning("failed", extra={"error": type(error).__name__})
            raise
        finally:
            metrics.add_metric("Duration", MetricUnit.Milliseconds, (time.perf_counter() - started) * 1000)
            metrics.flush_metrics()
            log.thread_safe_remove_keys(list(keys))

    return call


def _keys(event: Any, context: Any) -> dict[str, str]:
    """Fields of every log line of a call. An API event has no id: the line of its request names the story."""
    fields = {"id": "story_id", "locale": "locale"}
    of_event = {field: str(event[name])[:80] for name, field in fields.items() if name in table(event)}
    return {"function_request_id": getattr(context, "aws_request_id", ""), **of_event}


@cache
def _logger() -> Logger:
    """Every logger of the pipeline, also a later one, writes through it."""
    _quiet_libraries()
    log = Logger(service=_SERVICE)
    logging.getLogger("pipeline")  # registered, so that the next line configures it
    utils.copy_config_to_registered_loggers(source_logger=log, include={"pipeline"})
    return log


def _quiet_libraries() -> None:
    """Leaves DEBUG to the pipeline: Lambda's log level is the root logger's, and at DEBUG botocore writes
    ideas, spoken text and credentials."""
    root = logging.getLogger()
    root.setLevel(max(root.level, logging.INFO))
