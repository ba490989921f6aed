"""Logs, metrics and traces of the Lambda handlers, by Powertools: with the story's id, without its texts."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.logging import utils
from aws_lambda_powertools.metrics import MetricUnit

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
_SERVICE, _NAMESPACE = "mvp-stories", "MvpStories"


def observed(handler: Handler) -> Handler:
    """Times each call, counts it as made or failed, and traces it."""
    name = handler.__name__

    @wraps(handler)
    def call(event: dict[str, Any], context: Any) -> dict[str, Any]:
        log, metrics, tracer = _logger(), _metrics(), _tracer()
        log.append_keys(
            function_request_id=getattr(context, "aws_request_id", ""),
            **{key: event[key] for key in ("id", "locale") if key in event},
        )
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
            log.remove_keys(["function_request_id", "id", "locale"])

    return call


@cache
def _logger() -> Logger:
    """The pipeline's own loggers write as it does."""
    log = Logger(service=_SERVICE)
    utils.copy_config_to_registered_loggers(source_logger=log, include={"pipeline"}, ignore_log_level=True)
    return log


@cache
def _metrics() -> Metrics:
    return Metrics(namespace=_NAMESPACE, service=_SERVICE)


@cache
def _tracer() -> Tracer:
    return Tracer(service=_SERVICE)
