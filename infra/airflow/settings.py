"""The settings of a local Airflow, as environment variables, by database and executor."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

ROOT = Path(__file__).parents[2]
USER = "admin"
_SECRETS = "secrets.json"
# SQLite has one writer: at Airflow's usual 32 tasks at once it died of "database is locked" (measured).
PARALLELISM = {"sqlite": 4, "postgres": 16}
EXECUTORS = {"local": "LocalExecutor", "celery": "CeleryExecutor"}
POSTGRES_PORT, REDIS_PORT = 55432, 56379
# A local model uses the whole machine: one story is written and one spoken at a time. Services take more.
POOLS = {
    "local": {"stories_writer": 1, "stories_voice": 1},
    "aws": {"stories_writer": 4, "stories_voice": 4},
}


@dataclass(frozen=True, slots=True)
class Choice:
    """database: sqlite or postgres. executor: local or celery. port: the web page's. workers: Celery's."""

    home: Path
    database: str
    executor: str
    port: int
    workers: int = 2
    profile: str = "embedded"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def reports_url(self) -> str:
        """Where the reports of runs are shown: the port after the web page's."""
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def pools(self) -> Mapping[str, int]:
        return POOLS["aws" if self.profile == "aws" else "local"]


def secrets_of(home: Path) -> dict[str, str]:
    """The passwords, made at the first call and readable by their owner alone. Airflow reads the file too."""
    path = home / _SECRETS
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        names = USER, "postgres", "redis"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({name: token_urlsafe(24) for name in names}, file)
    secrets: dict[str, str] = json.loads(path.read_text("utf-8"))
    return secrets


def out() -> Path:
    """The store's folder."""
    return Path(os.environ.get("STORIES_OUT") or "out").absolute()


def environment(choice: Choice, secrets: Mapping[str, str]) -> dict[str, str]:
    """The process's own environment and a local Airflow's settings. secrets: of secrets_of(home)."""
    stories = {
        "STORIES_PROFILE": choice.profile,
        "STORIES_OUT": str(out()),
        "STORIES_REPORTS_URL": os.environ.get("STORIES_REPORTS_URL") or choice.reports_url,
    }
    airflow = {f"AIRFLOW__{name}": str(value) for name, value in _airflow(choice, secrets).items()}
    return {**os.environ, **stories, "AIRFLOW_HOME": str(choice.home), **airflow}


def _airflow(choice: Choice, secrets: Mapping[str, str]) -> dict[str, Any]:
    """What is not Airflow's default; the database is, but the caller's environment may name another."""
    settings = {
        "CORE__DAGS_FOLDER": ROOT / "dags",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": EXECUTORS[choice.executor],
        "CORE__PARALLELISM": PARALLELISM[choice.database],
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{choice.home / 'airflow.db'}",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": choice.home / _SECRETS,
        "API__HOST": "127.0.0.1",
        "API__PORT": choice.port,
        "API__BASE_URL": choice.url,
        # A changed DAG file is read within this many seconds.
        "DAG_PROCESSOR__REFRESH_INTERVAL": 30,
        "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": 1,
        # A killed task is found after this many seconds, and tried again.
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": 60,
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 5,
    }
    if choice.database == "postgres":
        server = f"airflow:{secrets['postgres']}@127.0.0.1:{POSTGRES_PORT}/airflow"
        settings["DATABASE__SQL_ALCHEMY_CONN"] = f"postgresql+psycopg2://{server}"
    if choice.executor == "celery":
        settings["CELERY__BROKER_URL"] = f"redis://:{secrets['redis']}@127.0.0.1:{REDIS_PORT}/0"
        settings["CELERY__WORKER_CONCURRENCY"] = 2
    return settings
