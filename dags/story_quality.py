"""After each published catalog: the review notebook is executed for that run and kept beside its report.

Triggered by the asset that story_catalog publishes, or by hand with a run's id. Kept as
runs/<id>/quality.ipynb, and as quality.html to read without Jupyter; also where a cell failed.
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import story_catalog_tasks as tasks
from airflow.sdk import Param, dag, get_current_context, task

if TYPE_CHECKING:
    from pipeline.ports import Store

_KERNEL = "python3"


def notebook() -> Path:
    """Within `pipeline`: the wheel has it as well, and a worker on MWAA has no other part of the project."""
    import pipeline.notebooks

    return Path(pipeline.notebooks.__path__[0], "03_review_catalog.ipynb")


@task
def runs() -> list[dict[str, str]]:
    """The runs that were published since the last time, or the one of the parameters."""
    params = tasks.params()
    if params["run_id"]:
        return [{"run_id": params["run_id"], "profile": params["profile"]}]
    events = get_current_context()["triggering_asset_events"][tasks.PUBLISHED]
    return [{"run_id": event.extra["run_id"], "profile": event.extra["profile"]} for event in events]


@task
@tasks.failing_at_once
def review_notebook(run_id: str, profile: str) -> None:
    # Imported here: these take seconds, and the DAG processor reads this file every half minute.
    from airflow.providers.papermill.operators.papermill import PapermillOperator

    store = tasks.app(profile).store
    with tempfile.TemporaryDirectory() as folder:
        executed = Path(folder, "quality.ipynb")
        operator = PapermillOperator(
            task_id="papermill",
            input_nb=str(notebook()),
            output_nb=str(executed),
            parameters={"run_id": run_id, "profile": profile, "out": str(tasks.out())},
            kernel_name=_KERNEL,
        )
        try:
            operator.execute(get_current_context())
        finally:
            _keep(store, run_id, executed)


def _keep(store: Store, run_id: str, executed: Path) -> None:
    """As it was executed, and then as a page without code."""
    from pipeline.notebooks.html_export import to_html
    from pipeline.storage import keys

    if not executed.exists():
        return
    store.put(keys.run(run_id, "quality.ipynb"), executed.read_bytes())
    store.put(keys.run(run_id, "quality.html"), to_html(executed).encode())


@dag(
    schedule=[tasks.PUBLISHED],
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 1,
        "retry_delay": timedelta(seconds=30),
        "execution_timeout": timedelta(minutes=30),
    },
    params={
        "run_id": Param(
            None, type=["null", "string"], title="Run", description="None: the run that was just published"
        ),
        "profile": Param(
            os.environ.get("STORIES_PROFILE") or "embedded", type="string", title="Profile of that run"
        ),
    },
    tags=["stories"],
    doc_md=__doc__,
)
def story_quality() -> None:
    review_notebook.expand_kwargs(runs())


QUALITY_DAG = story_quality()
