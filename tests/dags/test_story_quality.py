"""The notebook that looks at a published run."""

from __future__ import annotations

import gc
import json

import pytest

from tests.dags.airflows import Airflow


def asset_events(name: str) -> list[dict[str, str]]:
    """The extras of what was published, the last one last."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.query(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        return [dict(one.extra) for one in found.filter(AssetModel.name == name).order_by(AssetEvent.id)]


def test_a_published_catalog_tells_the_quality_dag_its_run_and_the_notebook_shows_it(
    airflow: Airflow,
) -> None:
    import story_quality

    ended = airflow.run(airflow.catalog("a shy snail"))
    assert asset_events("story_catalog")[-1] == {"run_id": ended.run.id, "profile": "fake"}
    assert [one.name for one in story_quality.QUALITY_DAG.timetable.asset_condition.objects] == [
        "story_catalog"
    ]
    looked = story_quality.QUALITY_DAG.test(run_conf={"run_id": ended.run.id, "profile": "fake"})
    assert str(looked.state) == "success"
    store = ended.run.store
    notebook = json.loads(store.get(f"runs/{ended.run.id}/quality.ipynb"))
    shown = json.dumps([cell.get("outputs") for cell in notebook["cells"]])
    assert f"Run {ended.run.id}. English texts read: 1, narrations: 2." in shown
    page = store.get(f"runs/{ended.run.id}/quality.html").decode()
    assert "A catalog run, judged" in page
    assert "import review_frames" not in page


# nbclient leaves the event loop of a notebook that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_review_that_fails_is_kept_with_its_error_in_it(airflow: Airflow) -> None:
    import story_quality

    ended = airflow.run(airflow.catalog("a shy snail"))
    ended.run.store.put(f"runs/{ended.run.id}/records/00001.write.json", b"{")
    for task in story_quality.QUALITY_DAG.task_dict.values():
        airflow.patch.setattr(task, "retries", 0)
    looked = story_quality.QUALITY_DAG.test(run_conf={"run_id": ended.run.id, "profile": "fake"})
    assert str(looked.state) == "failed"
    assert "JSONDecodeError" in ended.run.store.get(f"runs/{ended.run.id}/quality.html").decode()
    gc.collect()
