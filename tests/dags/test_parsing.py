"""The DAG files as the DAG processor and the scheduler read them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.airflow import settings
from pipeline.config.profiles import profiles
from tests.dags.conftest import DAGS

# Read as the DAG processor reads it, in a process of its own: what that imports, and how the DAG is built.
_PARSE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import airflow.sdk
before = set(sys.modules)
import story_catalog, story_quality
new = sorted({name.partition(".")[0] for name in set(sys.modules) - before})
timetable = story_catalog.CATALOG_DAG.timetable
print(json.dumps({
    "new": new,
    "all": sorted({name.partition(".")[0] for name in sys.modules}),
    "schedule": str(getattr(timetable, "_expression", None) or getattr(timetable, "expression", None)),
    "catalog": story_catalog.CATALOG_DAG.params["catalog"],
}))
"""


@pytest.fixture(scope="module")
def parsed(airflow_home: Path) -> dict[str, Any]:
    environ = {**os.environ, "STORIES_SCHEDULE": "30 2 * * *", "STORIES_CATALOG": "catalogs/night.csv"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PARSE, str(DAGS)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


def test_parsing_imports_neither_the_pipeline_nor_heavy_packages(parsed: dict[str, Any]) -> None:
    heavy = {"pipeline", "boto3", "botocore", "numpy", "papermill", "pandas", "matplotlib", "sagemaker"}
    assert heavy & set(parsed["all"]) == set()
    assert {"story_catalog", "story_quality"} <= set(parsed["new"])


def test_the_schedule_and_its_catalog_come_from_the_environment(parsed: dict[str, Any]) -> None:
    assert (parsed["schedule"], parsed["catalog"]) == ("30 2 * * *", "catalogs/night.csv")


def test_folder_holds_exactly_two_dags(airflow_database: Path) -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(dag_folder=DAGS, bundle_path=DAGS, bundle_name="dags-folder")
    assert (bag.import_errors, set(bag.dags)) == ({}, {"story_catalog", "story_quality"})
    assert {Path(stats.file).name for stats in bag.dagbag_stats} == {"story_catalog.py", "story_quality.py"}


def test_catalog_runs_only_when_triggered_and_one_at_a_time(airflow_database: Path) -> None:
    import story_catalog

    dag = story_catalog.CATALOG_DAG
    assert (dag.schedule, dag.catchup, dag.max_active_runs) == (None, False, 1)
    assert set(story_catalog.PROFILES) == set(profiles())


def test_every_task_has_a_timeout_and_retries_except_the_review(
    airflow_database: Path,
) -> None:
    import story_catalog
    import story_quality

    tasks = story_catalog.CATALOG_DAG.tasks
    unbounded = {task.task_id for task in tasks if task.execution_timeout is None}
    assert unbounded == {"approve"}
    assert story_catalog.CATALOG_DAG.get_task("approve").response_timeout is not None
    assert {task.task_id for task in tasks if not task.retries} == {"approve", "watch"}
    assert all(task.retries and task.execution_timeout for task in story_quality.QUALITY_DAG.tasks)


def test_local_airflow_creates_every_pool(airflow_database: Path) -> None:
    import story_catalog

    used = {
        task.task_id: task.pool for task in story_catalog.CATALOG_DAG.tasks if task.pool != "default_pool"
    }
    assert used == {"chunk.write": "stories_writer", "chunk.narrate": "stories_voice"}
    assert all(set(used.values()) == set(pools) for pools in settings.POOLS.values())


def test_chunk_is_narrated_as_soon_as_it_is_written(airflow_database: Path) -> None:
    """The plan says its number; in a mapped group a task waits for its own index alone."""
    import story_catalog

    narrate = story_catalog.CATALOG_DAG.get_task("chunk.narrate")
    assert narrate.upstream_task_ids == {"chunk.write", "plan"}
    assert narrate.get_closest_mapped_task_group().group_id == "chunk"


@pytest.mark.parametrize(
    ("dag_run_id", "expected"),
    [
        ("manual__2026-11-25T08:32:12.539651+00:00", "manual__2026-11-25T08-32-12.539651+00-00"),
        ("tonight", "tonight"),
        ("../../etc", "etc"),
        ("été", "t-"),
        ("…", "run"),
        ("a" * 250, "a" * 100),
    ],
)
def test_dag_run_id_becomes_a_run_id(airflow_home: Path, dag_run_id: str, expected: str) -> None:
    import story_catalog_tasks

    from pipeline.batch.runs import Run
    from pipeline.engines.fake import MemoryStore

    run_id = story_catalog_tasks.stories_run_id(dag_run_id)
    assert run_id == expected
    assert Run(MemoryStore(), run_id).id == expected
