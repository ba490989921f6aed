"""What people see of a run in Airflow: links to its report, its figures as metrics, and its deadline.

STORIES_REPORTS_URL     where the store's folder runs/ is shown, as http://127.0.0.1:8081; without it
                        a link leads to the S3 console, for STORIES_BUCKET
STORIES_DEADLINE_HOURS  a run that is not over so long after it was queued is late: logged as an error, and
                        counted by Airflow's own metric deadline_alerts.deadline_missed
"""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import story_catalog_tasks as tasks
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import BaseOperatorLink, DeadlineAlert, DeadlineReference, SyncCallback
from airflow.sdk.bases.decorator import DecoratedOperator, TaskDecorator, task_decorator_factory

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

    from pipeline.batch.report.figures import Report

_S3_CONSOLE = "https://console.aws.amazon.com/s3/object/"


class RunReport(BaseOperatorLink):
    """Leads to report.html, which the run's last task writes."""

    name = "Run report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        return address(f"{tasks.stories_run_id(ti_key.run_id)}/report.html")


class ChunkRecord(BaseOperatorLink):
    """Leads to the record of a stage for its chunk: what was made, what failed and why, what it cost."""

    name = "Chunk record"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        number, stage = ti_key.map_index + 1, ti_key.task_id.rpartition(".")[2]
        return address(f"{tasks.stories_run_id(ti_key.run_id)}/records/{number:05d}.{stage}.json")


def address(name: str) -> str:
    """Where a person opens a file of the store's folder runs/; "" where no address is known."""
    if base := os.environ.get("STORIES_REPORTS_URL"):
        return f"{base.rstrip('/')}/{quote(name, safe='/+')}"
    bucket = os.environ.get("STORIES_BUCKET")
    return f"{_S3_CONSOLE}{bucket}?{urlencode({'prefix': f'runs/{name}'})}" if bucket else ""


class _OfRun(DecoratedOperator, PythonOperator):
    """As Airflow's guide to a decorator of one's own builds it: the class behind @task itself is private."""

    custom_operator_name = "@task"
    template_fields = PythonOperator.template_fields
    template_fields_renderers = PythonOperator.template_fields_renderers
    operator_extra_links = (RunReport(),)

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        call = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=call, **call, **options)


class _OfChunk(_OfRun):
    operator_extra_links = (ChunkRecord(), RunReport())


def run_task(**options: Any) -> TaskDecorator:
    """As @task, with a link to the run's report."""
    return task_decorator_factory(decorated_operator_class=_OfRun, **options)


def chunk_task(**options: Any) -> TaskDecorator:
    """As @task, with links to its chunk's record and to the run's report."""
    return task_decorator_factory(decorated_operator_class=_OfChunk, **options)


def publish_metrics(report: Report) -> None:
    """The run's figures as gauges of Airflow's own metrics (StatsD or OpenTelemetry, as it is configured)."""
    from airflow.sdk.observability.stats import Stats

    for name, value in figures(report).items():
        Stats.gauge(f"stories.run.{name}", value, tags={"profile": report.profile})


def figures(report: Report) -> dict[str, float]:
    """Editions by how they ended; dollars; seconds from the plan to the end; editions an hour."""
    counts = {
        "planned": report.planned,
        "made": report.made,
        "made_before": report.skipped,
        "failed": len(report.failed),
        "missing": len(report.missing),
        "left_by_budget": report.left,
    }
    rate = report.rates.stories_per_hour or 0.0
    return {**counts, "dollars": report.dollars, "seconds": report.wall, "per_hour": rate}


def deadline() -> DeadlineAlert | None:
    """None where STORIES_DEADLINE_HOURS is not set."""
    hours = float(os.environ.get("STORIES_DEADLINE_HOURS") or 0)
    if not hours:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=hours),
        callback=SyncCallback("story_catalog_views.late", {"hours": hours}),
    )


def late(hours: float, context: dict[str, Any] | None = None) -> None:
    """Runs in the executor when the deadline passes."""
    run = ((context or {}).get("dag_run") or {}).get("dag_run_id", "a run")
    logging.getLogger("story_catalog").error("late: %s is not over after %g hours", run, hours)
