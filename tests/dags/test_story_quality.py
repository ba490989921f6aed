"""The DAG that executes the review notebook for a published run."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pytest

from pipeline.batch.plan import plan
from pipeline.batch.reading import read
from pipeline.batch.runs import Run
from pipeline.batch.work import narrate, write
from pipeline.ports import Store
from tests.batch.catalogs import batch_app
from tests.dags.airflows import Airflow, run_dag


def reviewed(airflow: Airflow) -> tuple[str, Store]:
    """The state of a run of the DAG over one story, and the store."""
    import story_quality

    app = batch_app(airflow.store)
    plan(app, read(airflow.catalog("a shy snail")), "tonight")
    for stage in (write, narrate):
        stage(app, Run(app.store, "tonight"), 1)
    ended = run_dag(story_quality.QUALITY_DAG, {"run_id": "tonight", "profile": "fake"})
    return str(ended.state), app.store


def test_dag_is_triggered_by_the_published_catalog(airflow: Airflow) -> None:
    import story_quality

    (asset,) = story_quality.QUALITY_DAG.timetable.asset_condition.objects
    assert asset.name == "story_catalog"


def test_notebook_and_page_of_a_run_are_kept(airflow: Airflow) -> None:
    state, store = reviewed(airflow)
    assert state == "success"
    notebook = json.loads(store.get("runs/tonight/quality.ipynb"))
    outputs = json.dumps([cell.get("outputs") for cell in notebook["cells"]])
    assert "Run tonight. English texts read: 1, narrations: 2." in outputs
    page = store.get("runs/tonight/quality.html").decode()
    assert "A catalog run, judged" in page
    assert "import review_frames" not in page


# nbclient leaves the event loop of a notebook that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_notebook_that_fails_is_kept_with_its_error(airflow: Airflow, tmp_path: Path) -> None:
    import story_quality

    python = {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}
    import nbformat

    failing = nbformat.v4.new_notebook(
        metadata=python, cells=[nbformat.v4.new_code_cell("raise ValueError('damaged record')")]
    )
    nbformat.write(failing, tmp_path / "failing.ipynb")
    airflow.patch.setattr(story_quality, "notebook", lambda: tmp_path / "failing.ipynb")
    for task in story_quality.QUALITY_DAG.task_dict.values():
        airflow.patch.setattr(task, "retries", 0)
    state, store = reviewed(airflow)
    assert state == "failed"
    assert "ValueError" in store.get("runs/tonight/quality.html").decode()
    gc.collect()
