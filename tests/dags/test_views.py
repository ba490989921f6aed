"""Links from tasks to reports, and a run's figures as metrics."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.batch.plan import plan
from pipeline.batch.reading import read
from pipeline.batch.report.figures import Report, gathered
from pipeline.batch.runs import Run
from pipeline.engines.fake import MemoryStore
from tests.batch.catalogs import batch_app
from tests.dags.airflows import Airflow

RUN = SimpleNamespace(run_id="manual__2026-11-25T08:32:12+00:00", task_id="chunk.narrate", map_index=2)


@pytest.fixture
def report(airflow: Airflow) -> Report:
    app = batch_app(MemoryStore())
    plan(app, read(airflow.catalog("a shy snail")), "tonight", chunk_size=1)
    return gathered(app, Run(app.store, "tonight"))


@pytest.fixture
def collector() -> Iterator[tuple[int, list[bytes]]]:
    """An OTLP collector over HTTP: its port, and the bodies that it received."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port, bodies
        server.shutdown()


def links(views: Any) -> tuple[str, str]:
    return tuple(link.get_link(None, ti_key=RUN) for link in (views.RunReport(), views.ChunkRecord()))  # type: ignore[return-value]


def test_links_lead_to_the_console_of_a_bucket(airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import story_catalog_views as views

    monkeypatch.setenv("STORIES_BUCKET", "stories")
    console = (
        "https://console.aws.amazon.com/s3/object/stories?prefix=runs%2Fmanual__2026-11-25T08-32-12%2B00-00"
    )
    assert links(views) == (f"{console}%2Freport.html", f"{console}%2Frecords%2F00003.narrate.json")
    monkeypatch.delenv("STORIES_BUCKET")
    assert links(views) == ("", "")


def test_chunks_and_the_report_have_their_links(airflow: Airflow) -> None:
    names = {
        task.task_id: {link.name for link in task.operator_extra_links}
        for task in airflow.dag.tasks
        if task.operator_extra_links
    }
    run, chunk = {"Run report"}, {"Run report", "Chunk record"}
    assert names == {"chunk.write": chunk, "chunk.narrate": chunk, "publish": run, "report": run}


def test_figures_of_a_run_reach_a_collector(report: Report, collector: tuple[int, list[bytes]]) -> None:
    import story_catalog_views as views
    from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger
    from airflow.sdk._shared.observability.metrics.otel_logger import get_otel_logger
    from airflow.sdk.observability import stats
    from opentelemetry import metrics
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    port, bodies = collector
    stats.initialize(
        factory=lambda: get_otel_logger(host="127.0.0.1", port=port, conf_interval=60_000),
        export_legacy_names=False,
    )
    views.publish_metrics(replace(report, made=2, dollars=0.25))
    provider: Any = metrics.get_meter_provider()
    provider.shutdown()
    stats.initialize(factory=NoStatsLogger, export_legacy_names=False)
    received = {
        metric.name: metric.gauge.data_points[-1]
        for body in bodies
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert received["airflow.stories.run.planned"].as_int == 2
    assert received["airflow.stories.run.made"].as_int == 2
    assert received["airflow.stories.run.dollars"].as_double == 0.25
    assert received["airflow.stories.run.made"].attributes[0].value.string_value == "fake"


def test_deadline_is_counted_from_when_a_run_is_queued(
    airflow_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import story_catalog_views as views

    assert views.deadline() is None
    monkeypatch.setenv("STORIES_DEADLINE_HOURS", "7.5")
    deadline = views.deadline()
    assert deadline is not None
    assert (deadline.interval, deadline.callback.path) == (timedelta(hours=7.5), "story_catalog_views.late")
    views.late(**deadline.callback.kwargs, context={"dag_run": {"dag_run_id": "tonight"}})
    assert caplog.messages == ["late: tonight is not over after 7.5 hours"]
