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

DAG = "/dags/story_catalog"
_PORT = 8089
_UP_SECONDS = 300.0
_READING_SECONDS = 5.0


@contextmanager
def airflow(
    folder: Path, database: str, executor: str, profile: str, environment: Mapping[str, str] = os.environ
) -> Iterator[Running]:
    """Data in folder/home, stories in folder/out. Ended by Ctrl-C, as a person would.

    Raises RuntimeError with its log if it does not come up.
    """
    home, log = folder / "home", folder / "airflow.log"
    command = [sys.executable, "-m", "infra.airflow", "--home", str(home), "--port", str(_PORT)]
    command += ["--db", database, "--executor", executor, "--profile", profile]
    folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment, "STORIES_OUT": str(folder / "out")},
            start_new_session=True,
        )
        try:
            until(lambda: "Ctrl-C" in log.read_text() or process.poll() is not None, _UP_SECONDS)
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            rest = Rest(f"http://127.0.0.1:{_PORT}", USER, secrets_of(home)["admin"])
            running = Running(rest, time.monotonic() - start)
            until(lambda: _exists(rest, DAG), 120)
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(120)


@dataclass(frozen=True, slots=True)
class Running:
    """up_seconds: from the command to the greeting."""

    rest: Rest
    up_seconds: float

    def trigger(self, **conf: Any) -> DagRun:
        run = self.rest.call("POST", f"{DAG}/dagRuns", {"logical_date": None, "conf": conf})
        return DagRun(self.rest, f"{DAG}/dagRuns/{run['dag_run_id']}")


@dataclass(frozen=True, slots=True)
class DagRun:
    rest: Rest
    path: str

    def tasks(self) -> list[dict[str, Any]]:
        tasks: list[dict[str, Any]] = []
        while True:
            page = self.rest.call("GET", f"{self.path}/taskInstances?limit=100&offset={len(tasks)}")
            tasks += page["task_instances"]
            if len(tasks) >= page["total_entries"] or not page["task_instances"]:
                return tasks

    def approve(self, patience: float = 3600.0) -> None:
        """As a person does under Required Actions."""
        question = f"{self.path}/taskInstances/approve/-1"
        until(lambda: self._state(question) == "awaiting_input" or self._is_over(), patience)
        # Airflow 3.3 takes a task for failed that is answered before its first half is booked; a person is
        # slower than that.
        time.sleep(_READING_SECONDS)
        approval = {"chosen_options": ["Approve"], "params_input": {}}
        self.rest.call("PATCH", f"{question}/hitlDetails", approval)
        until(lambda: self._state(question) == "success", 120)

    def finish(self, patience: float) -> str:
        """The state, "success" or "failed". Raises TimeoutError."""
        until(self._is_over, patience)
        return self._state(self.path)

    def pid_of(self, task_id: str, patience: float) -> int:
        """The first running process of a task. Raises TimeoutError."""
        pids: list[int] = []

        def has_started() -> bool:
            running = [task for task in self.tasks() if task["task_id"] == task_id]
            pids.extend(task["pid"] for task in running if task["state"] == "running" and task["pid"])
            return bool(pids)

        until(has_started, patience)
        return pids[0]

    def _state(self, path: str) -> str:
        """Empty before Airflow knows the path."""
        return str(self.rest.call("GET", path)["state"]) if _exists(self.rest, path) else ""

    def _is_over(self) -> bool:
        return self._state(self.path) in ("success", "failed")


def _exists(rest: Rest, path: str) -> bool:
    try:
        rest.call("GET", path)
    except RefusedError:
        return False
    return True


def until(holds: Callable[[], bool], patience: float) -> None:
    """Checks twice a second. Raises TimeoutError."""
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
