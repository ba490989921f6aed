"""A local Airflow for a measurement, and runs of the story catalog on it, over its REST API."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from infra.airflow.rest import RefusedError, Rest
from infra.airflow.settings import USER, secrets_of

DAG = "story_catalog"
_PORT = 8089
_UP_SECONDS = 300.0
_READING_SECONDS = 5.0
_ENDED = ("success", "failed")


@contextmanager
def airflow(
    folder: Path, database: str, executor: str, profile: str, environment: Mapping[str, str] = os.environ
) -> Iterator[Running]:
    """Its data in folder/home, its stories in folder/out. Ended by Ctrl-C, as a person would."""
    home = folder / "home"
    command = [sys.executable, "-m", "infra.airflow", "--home", str(home), "--port", str(_PORT)]
    command += ["--db", database, "--executor", executor, "--profile", profile]
    told = folder / "airflow.log"
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with told.open("w") as log:
        started = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment, "STORIES_OUT": str(folder / "out")},
            start_new_session=True,
        )
        try:
            until(
                lambda: "Ctrl-C" in told.read_text() or started.poll() is not None,
                _UP_SECONDS,
            )
            if started.poll() is not None:
                raise RuntimeError(told.read_text())
            rest = Rest(f"http://127.0.0.1:{_PORT}", USER, secrets_of(home)["admin"])
            running = Running(rest, time.monotonic() - began)
            until(running.knows_the_dag, 120)
            yield running
        finally:
            started.send_signal(signal.SIGINT)
            started.wait(120)


@dataclass(frozen=True, slots=True)
class Running:
    """up_seconds: from the command to the greeting."""

    rest: Rest
    up_seconds: float

    def knows_the_dag(self) -> bool:
        try:
            self.rest.call("GET", f"/dags/{DAG}")
        except RefusedError:
            return False
        return True

    def trigger(self, **conf: Any) -> DagRun:
        told = self.rest.call("POST", f"/dags/{DAG}/dagRuns", {"logical_date": None, "conf": conf})
        return DagRun(self.rest, f"/dags/{DAG}/dagRuns/{told['dag_run_id']}", time.monotonic())


@dataclass(frozen=True, slots=True)
class DagRun:
    rest: Rest
    path: str
    began: float

    def tasks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self.rest.call("GET", f"{self.path}/taskInstances?limit=100&offset={len(found)}")
            found += page["task_instances"]
            if len(found) >= page["total_entries"] or not page["task_instances"]:
                return found

    def approve(self, patience: float = 3600.0) -> float:
        """As a person does under Required Actions; seconds from the answer to its effect."""
        question = f"{self.path}/taskInstances/approve/-1"
        until(lambda: self._state(question) == "awaiting_input" or self._is_over(), patience)
        # No person answers in the second of the question; Airflow 3.3 takes a task that is answered before
        # its first half is booked for one that failed.
        time.sleep(_READING_SECONDS)
        asked = time.monotonic()
        answer = {"chosen_options": ["Approve"], "params_input": {}}
        self.rest.call("PATCH", f"{question}/hitlDetails", answer)
        until(lambda: self._state(question) == "success", 120)
        return time.monotonic() - asked

    def finish(self, patience: float) -> str:
        """The state, "success" or "failed". Raises TimeoutError."""
        until(self._is_over, patience)
        return str(self.rest.call("GET", self.path)["state"])

    def pid_of(self, task_id: str, patience: float) -> int:
        """Of the first of its processes that runs."""
        found: list[int] = []

        def look() -> bool:
            running = (one for one in self.tasks() if one["task_id"] == task_id and one["state"] == "running")
            found.extend(one["pid"] for one in running if one["pid"])
            return bool(found)

        until(look, patience)
        return found[0]

    def _state(self, path: str) -> str:
        try:
            return str(self.rest.call("GET", path)["state"])
        except RefusedError:
            return ""

    def _is_over(self) -> bool:
        return self.rest.call("GET", self.path)["state"] in _ENDED


def until(holds: Callable[[], bool], patience: float) -> None:
    """Looks twice a second. Raises TimeoutError."""
    deadline = time.monotonic() + patience
    while True:
        try:
            if holds():
                return
        except urllib3.exceptions.HTTPError:  # busy, or not up yet
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so after {patience:.0f} s")
        time.sleep(0.5)
