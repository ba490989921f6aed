"""Runs of the DAG for tests: a catalog file, other engines, a reviewer's answer."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass, field
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
# dag.test() pauses for a second where it waits for an answer or a retry, an operator for an endpoint's state.
_LOOK_SECONDS = 0.02
_PATIENCE = 300.0
_sleep = time.sleep


@dataclass(frozen=True)
class Ended:
    """A run that is over. state: the DAG run's. tries: how often each task was begun."""

    state: str
    states: States
    tries: dict[tuple[str, int], int]
    run: Run
    dag_run_id: str = ""

    def of(self, task: str) -> str:
        """The state of a task that is not mapped."""
        return self.states[task, -1]

    def link(self, task: str, map_index: int, kind: str) -> str:
        """The address that the page shows beside a task. kind: the link's class."""
        from airflow.models.xcom import XComModel
        from airflow.utils.session import create_session

        with create_session() as session:
            row = session.query(XComModel).filter_by(
                run_id=self.dag_run_id, task_id=task, map_index=map_index, key=f"_link_{kind}"
            )
            address: str = row.one().value
            return address

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


def asset_events(name: str) -> list[dict[str, Any]]:
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

    def run(self, catalog: Path, answer: Answer | None = None, **conf: Any) -> Ended:
        import story_catalog_tasks as tasks

        ended = run_dag(self.dag, {**_CONF, "catalog": str(catalog), "profile": self.profile, **conf}, answer)
        instances = ended.get_task_instances()
        return Ended(
            str(ended.state),
            {(task.task_id, task.map_index): str(task.state) for task in instances},
            {(task.task_id, task.map_index): task.try_number for task in instances},
            Run(self.store, tasks.stories_run_id(ended.run_id)),
            ended.run_id,
        )


def run_dag(dag: Any, conf: dict[str, Any], answer: Answer | None = None) -> Any:
    """dag.test(), with no pause longer than 0.02 s in this process; a waiting question is answered.

    It is answered between two looks of dag.test() at its tasks, when nobody else writes their states: answers
    of another thread were given in the middle of that. Raises TimeoutError after five minutes.
    """
    for task in dag.task_dict.values():
        task.retries = min(task.retries, 2)
        task.retry_delay = timedelta(seconds=0.01)
        task.retry_exponential_backoff = 0
    ours, until = threading.get_ident(), time.monotonic() + _PATIENCE

    def pause(seconds: float) -> None:
        if threading.get_ident() == ours:
            if time.monotonic() > until:
                raise TimeoutError("the DAG run does not end")
            if answer and seconds == 1:
                answer.give()
        _sleep(min(seconds, _LOOK_SECONDS))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", pause)
        return dag.test(run_conf=conf)


@dataclass(frozen=True)
class Answer:
    """Of a reviewer, to the question of `approve`, as the API's PATCH of hitlDetails gives it."""

    option: str
    params: dict[str, str] = field(default_factory=dict)

    def give(self) -> None:
        """Does nothing where no question waits."""
        from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
        from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session

        user = SimpleNamespace(get_id=lambda: "reviewer", get_name=lambda: "reviewer")
        with create_session() as session:
            waiting = session.query(TaskInstance).filter_by(task_id="approve", state="awaiting_input")
            for task in waiting:
                payload = UpdateHITLDetailPayload(chosen_options=[self.option], params_input=self.params)
                update_hitl_detail(task.dag_id, task.run_id, "approve", payload, user, session)
