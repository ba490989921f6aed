"""The endpoint of one run, on the local AWS: raised for its writing, and never left standing."""

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

Standing = Callable[[], set[str]]


@pytest.fixture
def ephemeral(
    airflow_database: Path, tmp_path: Path, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> Airflow:
    """The DAG as the environment of an ephemeral endpoint makes it."""
    import story_catalog

    for name, value in {
        "STORIES_ENDPOINT": "ephemeral",
        "STORIES_SAGEMAKER_MODEL": seed.ENDPOINT,
        "STORIES_LOOK_SECONDS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws.options, "endpoint_delay", 1.0)
    yield Airflow(importlib.reload(story_catalog).CATALOG_DAG, tmp_path, monkeypatch, "aws")
    monkeypatch.undo()
    importlib.reload(story_catalog)


@pytest.fixture
def standing(aws: LocalAws) -> Standing:
    """Endpoints and configurations beside those that were there before the test."""
    before = _standing()
    return lambda: _standing() - before


def _standing() -> set[str]:
    client = boto3.client("sagemaker")
    endpoints = {
        one["EndpointName"]
        for one in client.list_endpoints()["Endpoints"]
        if one["EndpointStatus"] != "Deleting"
    }
    configured = {one["EndpointConfigName"] for one in client.list_endpoint_configs()["EndpointConfigs"]}
    return endpoints | configured


def test_an_endpoint_stands_while_a_run_writes_and_is_not_raised_for_nothing(
    ephemeral: Airflow, aws: LocalAws, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    write = work.write

    def looking(*told: Any) -> Any:
        seen.append(standing())
        return write(*told)

    monkeypatch.setattr(work, "write", looking)
    catalog = ephemeral.catalog("a shy snail", locales=["en"])
    ended = ephemeral.run(catalog)
    assert (ended.state, len(ended.published)) == ("success", 1)
    assert aws.requests("CreateEndpoint") == aws.requests("DeleteEndpoint") == 1
    assert [len(one) for one in seen] == [1]
    assert "chunk.narrate" not in ephemeral.dag.get_task("endpoint.lower").upstream_task_ids
    assert standing() == set()
    aws.reset()
    again = ephemeral.run(catalog)
    assert (again.state, again.of("endpoint.raise"), len(again.published)) == ("success", "skipped", 1)
    assert aws.requests("CreateEndpoint") == aws.requests("DeleteEndpoint") == 0


def test_a_run_that_fails_while_it_writes_leaves_no_endpoint_and_is_red(
    ephemeral: Airflow, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []

    def broken(*_: Any) -> None:
        seen.append(standing())
        raise RuntimeError("a bug")

    monkeypatch.setattr(work, "write", broken)
    ended = ephemeral.run(ephemeral.catalog("a shy snail", locales=["en"]))
    assert (ended.state, ended.of("endpoint.lower"), ended.of("watch")) == ("failed", "success", "failed")
    assert len(seen[0]) == 1
    assert standing() == set()


def test_an_endpoint_that_cannot_be_raised_leaves_nothing_and_writes_nothing(
    ephemeral: Airflow, aws: LocalAws, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(aws.options.quotas, "ml.g5.2xlarge", 0)
    ended = ephemeral.run(ephemeral.catalog("a shy snail", locales=["en"]))
    assert (ended.state, ended.of("endpoint.raise"), ended.of("endpoint.lower")) == (
        "failed",
        "failed",
        "success",
    )
    assert standing() == set()
    assert aws.requests("InvokeEndpointWithResponseStream") == 0


def test_a_teardown_that_fails_turns_the_run_red(
    ephemeral: Airflow, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    import story_catalog_endpoint

    def denied(_: str) -> None:
        raise PermissionError("not allowed to delete it")

    monkeypatch.setattr(story_catalog_endpoint, "_delete_endpoint", denied)
    ended = ephemeral.run(ephemeral.catalog("a shy snail", locales=["en"]))
    assert (ended.state, ended.of("endpoint.lower"), ended.of("publish")) == ("failed", "failed", "success")
    (left,) = standing()
    boto3.client("sagemaker").delete_endpoint(EndpointName=left)
