"""Runs of the DAG as a test wants them: a catalog file, other engines, somebody who answers."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
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
# All of them, always: within one process Airflow's dag.test() remembers what an earlier run was told.
_CONF = {"chunk_size": 0, "budget": None, "dry_run": False}


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
        """What a reader of the catalog sees: story ids and locales."""
        return listed(self.run.store)

    @property
    def report(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.run.store.get(f"runs/{self.run.id}/report.json"))
        return told


def listed(store: Store) -> set[tuple[str, str]]:
    return {(card.id, card.locale) for card in page(store, size=100).cards}


@dataclass
class Airflow:
    dag: Any
    folder: Path
    patch: pytest.MonkeyPatch
    profile: str = "fake"

    @property
    def store(self) -> Store:
        told = {"profile": self.profile, "out": self.folder / "out"}
        return bootstrap.build_store(Settings.from_env(os.environ, **told))

    def catalog(self, *ideas: str, **settings: Any) -> Path:
        """A YAML file (JSON is YAML), which nobody is asked about before publishing."""
        told = {"name": "bedtime", "locales": ["en", "fr"], "publish": {"review": "none"}, **settings}
        path = self.folder / "bedtime.yaml"
        path.write_text(json.dumps({**told, "entries": list(ideas)}, indent=1), "utf-8")
        return path

    def engines(self, **engines: Any) -> None:
        """The fake profile with these engines, and everything else that making.fake_app() takes."""
        self.wire(lambda store: fake_app(store, **engines))

    def wire(self, made: Callable[[Store], App]) -> None:
        def build_batch(settings: Settings) -> App:
            return made(Metered(bootstrap.build_store(settings)))

        self.patch.setattr(bootstrap, "build_batch", build_batch)

    def run(self, catalog: Path, **conf: Any) -> Ended:
        for task in self.dag.task_dict.values():
            task.retries = min(task.retries, 2)
            task.retry_delay = timedelta(seconds=0.1)
            task.retry_exponential_backoff = 0
        ended = self.dag.test(run_conf={**_CONF, "catalog": str(catalog), "profile": self.profile, **conf})
        import story_catalog_tasks as tasks

        instances = ended.get_task_instances()
        return Ended(
            str(ended.state),
            {(one.task_id, one.map_index): str(one.state) for one in instances},
            {(one.task_id, one.map_index): one.try_number for one in instances},
            Run(self.store, tasks.stories_run_id(ended.run_id)),
        )

    def answering(self, option: str, **said: Any) -> threading.Thread:
        """Somebody who answers the next question, as the API's PATCH of hitlDetails does it."""
        thread = threading.Thread(target=_answer, args=(option, said), daemon=True)
        thread.start()
        return thread


def _answer(option: str, said: dict[str, Any]) -> None:
    from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
    from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    user = SimpleNamespace(get_id=lambda: "reviewer", get_name=lambda: "reviewer")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with create_session() as session:
            asked = session.query(TaskInstance).filter_by(task_id="approve", state="awaiting_input").first()
            if asked:
                payload = UpdateHITLDetailPayload(chosen_options=[option], params_input=said)
                update_hitl_detail(asked.dag_id, asked.run_id, "approve", payload, user, session)
                return
        time.sleep(0.2)
    raise TimeoutError("nobody was asked")
