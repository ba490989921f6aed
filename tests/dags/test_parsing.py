"""What the DAG processor and the scheduler see of the files, before anything runs."""

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
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_parse_imports_neither_the_pipeline_nor_anything_heavy(parsed: dict[str, Any]) -> None:
    heavy = {"pipeline", "boto3", "botocore", "numpy", "papermill", "pandas", "matplotlib", "sagemaker"}
    assert heavy & set(parsed["all"]) == set()
    assert {"story_catalog", "story_quality"} <= set(parsed["new"])


def test_the_schedule_and_its_catalog_come_from_the_environment(parsed: dict[str, Any]) -> None:
    assert (parsed["schedule"], parsed["catalog"]) == ("30 2 * * *", "catalogs/night.csv")


def test_both_dags_are_found_and_nothing_else_is_taken_for_one(airflow_database: Path) -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(dag_folder=DAGS, bundle_path=DAGS, bundle_name="dags-folder")
    assert (bag.import_errors, set(bag.dags)) == ({}, {"story_catalog", "story_quality"})
    assert {Path(one.file).name for one in bag.dagbag_stats} == {"story_catalog.py", "story_quality.py"}


def test_a_catalog_runs_when_it_is_asked_for_and_one_at_a_time(airflow_database: Path) -> None:
    import story_catalog

    dag = story_catalog.CATALOG_DAG
    assert (dag.schedule, dag.catchup, dag.max_active_runs) == (None, False, 1)
    assert set(story_catalog.PROFILES) == set(profiles())


def test_every_task_has_bounds_and_only_a_person_s_answer_is_waited_for_otherwise(
    airflow_database: Path,
) -> None:
    import story_catalog
    import story_quality

    tasks = story_catalog.CATALOG_DAG.tasks
    unbounded = {one.task_id for one in tasks if one.execution_timeout is None}
    assert unbounded == {"approve"}
    assert story_catalog.CATALOG_DAG.get_task("approve").response_timeout is not None
    assert {one.task_id for one in tasks if not one.retries} == {"approve", "watch"}
    assert all(one.retries and one.execution_timeout for one in story_quality.QUALITY_DAG.tasks)


def test_every_pool_is_one_that_a_local_airflow_makes(airflow_database: Path) -> None:
    import story_catalog

    used = {one.task_id: one.pool for one in story_catalog.CATALOG_DAG.tasks if one.pool != "default_pool"}
    assert used == {"chunk.write": "stories_writer", "chunk.narrate": "stories_voice"}
    assert all(set(used.values()) == set(pools) for pools in settings.POOLS.values())


def test_a_chunk_is_narrated_as_soon_as_it_is_written(airflow_database: Path) -> None:
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
def test_a_dag_run_s_id_becomes_a_run_s(airflow_home: Path, dag_run_id: str, expected: str) -> None:
    import story_catalog_tasks

    from pipeline.batch.runs import Run
    from pipeline.engines.fake import MemoryStore

    found = story_catalog_tasks.stories_run_id(dag_run_id)
    assert found == expected
    assert Run(MemoryStore(), found).id == expected
