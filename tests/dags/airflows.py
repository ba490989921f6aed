"""Runs of the DAG for tests: a catalog file, other engines, a reviewer's answer."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline import bootstrap
from pipeline.app import App
from pipeline.batch.metering import Metered
from pipeline.batch.runs import Run
from pipeline.config.settings import Settings
from pipeline.ports import Store
from pipeline.storage.shelf import page
from tests.making import fake_app

# A chunk's map index is one less than its number; a task that is not mapped has -1.
States = dict[tuple[str, int], str]
# Every parameter, in every run: within one process dag.test() keeps those of an earlier run.
_CONF = {"chunk_size": 0, "budget": None, "dry_run": False}
# dag.test() looks once a second for an answer or a retry, and its operators for an endpoint's state.
_LOOK_SECONDS = 0.02
_sleep = time.sleep


@dataclass(frozen=True)
class Ended:
    """A run that is over. state: the DAG run's. tries: how often each task was begun."""

    state: str
    states: States
    tries: dict[tuple[str, int], int]
    run: Run

    def of(self, task: str) -> str:
        """The state of a task that is not mapped."""
        return self.states[task, -1]

    @property
    def published(self) -> set[tuple[str, str]]:
        """The editions that a reader of the catalog sees: story ids and locales."""
        return listed(self.run.store)

    @property
    def report(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.run.store.get(f"runs/{self.run.id}/report.json"))
        return body


def listed(store: Store) -> set[tuple[str, str]]:
    return {(card.id, card.locale) for card in page(store, size=100).cards}


def asset_events(name: str) -> list[dict[str, str]]:
    """The extras of an asset's events, the last event last."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session

    with create_session() as session:
        events = session.query(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        return [dict(event.extra) for event in events.filter(AssetModel.name == name).order_by(AssetEvent.id)]


@dataclass
class Airflow:
    dag: Any
    folder: Path
    patch: pytest.MonkeyPatch
    profile: str = "fake"

    @property
    def store(self) -> Store:
        options = {"profile": self.profile, "out": self.folder / "out"}
        return bootstrap.build_store(Settings.from_env(os.environ, **options))

    def catalog(self, *ideas: str, **settings: Any) -> Path:
        """A YAML file (JSON is YAML), by default published without a review."""
        values = {"name": "bedtime", "locales": ["en", "fr"], "publish": {"review": "none"}, **settings}
        path = self.folder / "bedtime.yaml"
        path.write_text(json.dumps({**values, "entries": list(ideas)}, indent=1), "utf-8")
        return path

    def engines(self, **engines: Any) -> None:
        """Wires the fake profile with these engines."""

        def build_batch(settings: Settings) -> App:
            return fake_app(Metered(bootstrap.build_store(settings)), **engines)

        self.patch.setattr(bootstrap, "build_batch", build_batch)

    def run(self, catalog: Path, **conf: Any) -> Ended:
        import story_catalog_tasks as tasks

        ended = run_dag(self.dag, {**_CONF, "catalog": str(catalog), "profile": self.profile, **conf})
        instances = ended.get_task_instances()
        return Ended(
            str(ended.state),
            {(task.task_id, task.map_index): str(task.state) for task in instances},
            {(task.task_id, task.map_index): task.try_number for task in instances},
            Run(self.store, tasks.stories_run_id(ended.run_id)),
        )

    def answering(self, option: str, **params: Any) -> threading.Thread:
        """A reviewer who answers the next question, as the API's PATCH of hitlDetails does it."""
        thread = threading.Thread(target=_answer, args=(option, params), daemon=True)
        thread.start()
        return thread


def run_dag(dag: Any, conf: dict[str, Any]) -> Any:
    """dag.test(), with no pause longer than 0.02 s in this process."""
    for task in dag.task_dict.values():
        task.retries = min(task.retries, 2)
        task.retry_delay = timedelta(seconds=0.01)
        task.retry_exponential_backoff = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda seconds: _sleep(min(seconds, _LOOK_SECONDS)))
        return dag.test(run_conf=conf)


def _answer(option: str, params: dict[str, Any]) -> None:
    from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    user = SimpleNamespace(get_id=lambda: "reviewer", get_name=lambda: "reviewer")
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with create_session() as session:
            task = session.query(TaskInstance).filter_by(task_id="approve", state="awaiting_input").first()
            if task:
                payload = UpdateHITLDetailPayload(chosen_options=[option], params_input=params)
                update_hitl_detail(task.dag_id, task.run_id, "approve", payload, user, session)
                return
        _sleep(_LOOK_SECONDS)
    raise TimeoutError("no review was requested")
