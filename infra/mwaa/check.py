"""What `python -m infra.mwaa` runs in each environment: both DAGs are imported, and run by dag.test().

Stands alone in the folder of a small MWAA: beside it are dags/ and plugins/, and nothing else of the project.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import io
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import reload
from importlib.metadata import version
from pathlib import Path
from typing import Any

DAGS = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
CATALOG = "dags/catalogs/one.yaml"
_CONF = {"chunk_size": 0, "budget": None, "dry_run": False, "catalog": CATALOG, "profile": "aws"}


def both_dags_are_imported() -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(dag_folder=DAGS, bundle_path=DAGS, bundle_name="dags-folder")
    assert bag.import_errors == {}, bag.import_errors
    assert set(bag.dags) == {"story_catalog", "story_quality"}, bag.dags


def pipeline_and_its_notebook_come_from_the_wheel() -> None:
    import story_quality

    import pipeline

    assert "site-packages" in str(pipeline.__file__), pipeline.__file__
    assert story_quality.notebook().is_file(), story_quality.notebook()


def links_and_deadline_are_stored_with_the_dag() -> None:
    """As the scheduler and the web server read them. Not run: dag.test() of 3.2.1 fails at any deadline."""
    import story_catalog
    from airflow.serialization.serialized_objects import DagSerialization

    os.environ["STORIES_DEADLINE_HOURS"] = "8"
    dag = DagSerialization.to_dict(reload(story_catalog).CATALOG_DAG)["dag"]
    del os.environ["STORIES_DEADLINE_HOURS"]
    reload(story_catalog)
    names = {task["__var"]["task_id"]: task["__var"].get("_operator_extra_links") for task in dag["tasks"]}
    links = {task: set(of_task) for task, of_task in names.items() if of_task}
    run, chunk = {"Run report"}, {"Run report", "Chunk record"}
    assert links == {"chunk.write": chunk, "chunk.narrate": chunk, "publish": run, "report": run}, links
    assert "story_catalog_views.late" in json.dumps(dag["deadline"]), dag["deadline"]


def story_catalog_makes_and_publishes_a_story_in_two_languages() -> None:
    import story_catalog

    _write_catalog("a shy snail")
    run = story_catalog.CATALOG_DAG.test(run_conf=_CONF)
    _assert_success(run)
    assert _report(run)["made"] == 2, _report(run)


def story_quality_executes_the_notebook() -> None:
    import story_quality

    store, run_id = _store(), _last_run()
    _assert_success(story_quality.QUALITY_DAG.test(run_conf={"run_id": run_id, "profile": "aws"}))
    assert b"A catalog run, judged" in store.get(f"runs/{run_id}/quality.html")


def ephemeral_endpoint_is_made_waited_for_and_deleted() -> None:
    """The image has aiobotocore, so a triggerer waits here: in our own lock there is none."""
    import boto3
    import story_catalog
    import story_catalog_endpoint

    os.environ["STORIES_ENDPOINT"] = "ephemeral"
    dag = reload(story_catalog).CATALOG_DAG
    assert story_catalog_endpoint._CAN_DEFER
    _write_catalog("a brave lamp")
    client = boto3.client("sagemaker")
    before = {each["EndpointName"] for each in client.list_endpoints()["Endpoints"]}
    run = dag.test(run_conf=_CONF)
    _assert_success(run)
    assert _report(run)["made"] == 2, _report(run)
    left = [each for each in client.list_endpoints()["Endpoints"] if each["EndpointStatus"] != "Deleting"]
    assert {each["EndpointName"] for each in left} == before, left


CHECKS: tuple[Callable[[], None], ...] = (
    both_dags_are_imported,
    pipeline_and_its_notebook_come_from_the_wheel,
    links_and_deadline_are_stored_with_the_dag,
    story_catalog_makes_and_publishes_a_story_in_two_languages,
    story_quality_executes_the_notebook,
    ephemeral_endpoint_is_made_waited_for_and_deleted,
)


def main() -> int:
    from airflow.utils.db import initdb

    sys.path.insert(0, str(DAGS))
    names = (
        "apache-airflow",
        "apache-airflow-task-sdk",
        "apache-airflow-providers-amazon",
        "botocore",
        "pandas",
    )
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"Python {platform.python_version()}, {versions}", flush=True)
    initdb()
    failed = sum(not _passes(check) for check in CHECKS)
    print(f"{len(CHECKS) - failed} passed, {failed} failed", flush=True)
    return int(failed > 0)


def _passes(check: Callable[[], None]) -> bool:
    began, printed = time.monotonic(), io.StringIO()
    try:
        with redirect_stdout(printed):  # dag.test() prints what a scheduler would receive
            check()
    except Exception:  # noqa: BLE001 - whatever it raises, the next check runs
        print(printed.getvalue(), file=sys.stderr)
        traceback.print_exc()
        return False
    print(f"  ok  {check.__name__.replace('_', ' ')} ({time.monotonic() - began:.1f} s)", flush=True)
    return True


def _write_catalog(context: str) -> None:
    path = DAGS.parent / CATALOG
    path.parent.mkdir(exist_ok=True)
    body = {"name": "one", "locales": ["en", "fr"], "publish": {"review": "none"}, "entries": [context]}
    path.write_text(json.dumps(body), "utf-8")  # JSON is YAML


def _assert_success(run: Any) -> None:
    states = {f"{task.task_id} {task.map_index}": str(task.state) for task in run.get_task_instances()}
    assert str(run.state) == "success", states


def _store() -> Any:
    from pipeline import bootstrap
    from pipeline.config.settings import Settings

    return bootstrap.build_store(Settings.from_env(os.environ, profile="aws"))


def _report(run: Any) -> dict[str, Any]:
    import story_catalog_tasks

    body: dict[str, Any] = json.loads(
        _store().get(f"runs/{story_catalog_tasks.stories_run_id(run.run_id)}/report.json")
    )
    return body


def _last_run() -> str:
    reports = [key for key in _store().list("runs/") if key.endswith("/report.json")]
    return str(sorted(reports)[-1]).split("/")[1]


if __name__ == "__main__":
    sys.exit(main())
