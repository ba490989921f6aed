"""The endpoint of one run, on the local AWS: created for its writing, and never left behind."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local_aws import LocalAws, seed
from pipeline.batch import work
from tests.dags.airflows import Airflow

Remaining = Callable[[], set[str]]


@pytest.fixture
def ephemeral(
    airflow_database: Path, tmp_path: Path, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> Airflow:
    """The DAG with STORIES_ENDPOINT=ephemeral."""
    import story_catalog

    for name, value in {
        "STORIES_ENDPOINT": "ephemeral",
        "STORIES_SAGEMAKER_MODEL": seed.ENDPOINT,
        "STORIES_LOOK_SECONDS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws.options, "endpoint_delay", 0.0)
    yield Airflow(importlib.reload(story_catalog).CATALOG_DAG, tmp_path, monkeypatch, "aws")
    monkeypatch.undo()
    importlib.reload(story_catalog)


@pytest.fixture
def remaining(aws: LocalAws) -> Remaining:
    """Endpoints and configurations that the test created and that still exist."""
    before = _existing()
    return lambda: _existing() - before


def _existing() -> set[str]:
    client = boto3.client("sagemaker")
    endpoints = {
        endpoint["EndpointName"]
        for endpoint in client.list_endpoints()["Endpoints"]
        if endpoint["EndpointStatus"] != "Deleting"
    }
    pages = client.list_endpoint_configs()
    configured = {config["EndpointConfigName"] for config in pages["EndpointConfigs"]}
    return endpoints | configured


def test_endpoint_exists_while_a_run_writes_and_is_not_created_for_nothing(
    ephemeral: Airflow, aws: LocalAws, remaining: Remaining, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints: list[set[str]] = []
    write = work.write

    def write_and_look(*arguments: Any) -> Any:
        endpoints.append(remaining())
        return write(*arguments)

    monkeypatch.setattr(work, "write", write_and_look)
    catalog = ephemeral.catalog("a shy snail", locales=["en"])
    ended = ephemeral.run(catalog)
    assert (ended.state, len(ended.published)) == ("success", 1)
    assert aws.requests("CreateEndpoint") == aws.requests("DeleteEndpoint") == 1
    assert [len(names) for names in endpoints] == [1]
    assert "chunk.narrate" not in ephemeral.dag.get_task("endpoint.lower").upstream_task_ids
    assert remaining() == set()
    aws.reset()
    again = ephemeral.run(catalog)
    assert (again.state, again.of("endpoint.raise"), len(again.published)) == ("success", "skipped", 1)
    assert aws.requests("CreateEndpoint") == aws.requests("DeleteEndpoint") == 0


def test_run_that_fails_while_writing_leaves_no_endpoint_and_is_red(
    ephemeral: Airflow, remaining: Remaining, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoints: list[set[str]] = []

    def broken(*_: Any) -> None:
        endpoints.append(remaining())
        raise RuntimeError("a bug")

    monkeypatch.setattr(work, "write", broken)
    ended = ephemeral.run(ephemeral.catalog("a shy snail", locales=["en"]))
    assert (ended.state, ended.of("endpoint.lower"), ended.of("watch")) == ("failed", "success", "failed")
    assert len(endpoints[0]) == 1
    assert remaining() == set()


def test_endpoint_that_cannot_be_created_leaves_nothing_and_nothing_is_written(
    ephemeral: Airflow, aws: LocalAws, remaining: Remaining, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(aws.options.quotas, "ml.g5.2xlarge", 0)
    ended = ephemeral.run(ephemeral.catalog("a shy snail", locales=["en"]))
    assert (ended.state, ended.of("endpoint.raise"), ended.of("endpoint.lower")) == (
        "failed",
        "failed",
        "success",
    )
    assert remaining() == set()
    assert aws.requests("InvokeEndpointWithResponseStream") == 0


def test_failed_teardown_makes_the_run_red(
    ephemeral: Airflow, remaining: Remaining, monkeypatch: pytest.MonkeyPatch
) -> None:
    import story_catalog_endpoint

    def denied(_: str) -> None:
        raise PermissionError("not allowed to delete it")

    monkeypatch.setattr(story_catalog_endpoint, "_delete_endpoint", denied)
    ended = ephemeral.run(ephemeral.catalog("a shy snail", locales=["en"]))
    assert (ended.state, ended.of("endpoint.lower"), ended.of("publish")) == ("failed", "failed", "success")
    (left,) = remaining()
    boto3.client("sagemaker").delete_endpoint(EndpointName=left)
