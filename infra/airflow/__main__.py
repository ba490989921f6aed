"""A whole local Airflow until Ctrl-C: python -m infra.airflow [--db postgres] [--executor celery].

API server, scheduler, DAG processor, triggerer; with Postgres and Redis on ports of their own where they are
asked for. On loopback only, and for development only. Data, logs and secrets lie in build/airflow.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import urllib3

from infra.airflow import services
from infra.airflow.processes import EndedError, Process, Processes
from infra.airflow.rest import Rest
from infra.airflow.settings import EXECUTORS, PARALLELISM, ROOT, USER, Choice, environment, secrets_of
from pipeline.config import env_file

AIRFLOW = str(Path(sys.executable).parent / "airflow")
_COMPONENTS = ("scheduler", "dag-processor", "triggerer")
# All components were healthy after 43 to 134 s on two busy cores (measured).
_PATIENCE = 300.0


def main(arguments: list[str]) -> int:
    choice = _choice(arguments)
    env_file.fill(os.environ)
    known = secrets_of(choice.home)
    passwords = choice.home / "passwords.json"
    passwords.touch(0o600)
    passwords.write_text(json.dumps({USER: known["admin"]}), "utf-8")
    running = Processes(choice.home / "logs" / "components", environment(choice, known))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _start(choice, running, known)
        print(_greeting(choice, known["admin"]), flush=True)
        while True:
            running.check()
            time.sleep(1)
    except (EndedError, services.MissingError) as error:
        print(f"airflow: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping", flush=True)
        return 0
    finally:
        running.stop()


def _start(choice: Choice, running: Processes, known: dict[str, str]) -> None:
    if choice.database == "postgres":
        _say("PostgreSQL")
        running.start(services.postgres(choice.home, known))
        services.create_database(choice.home, known)
    if choice.executor == "celery":
        _say("Redis")
        running.start(services.redis(choice.home, known))
    _say("the database's tables")
    migrated = subprocess.run(  # noqa: S603 - our own Airflow
        [AIRFLOW, "db", "migrate"],
        env=environment(choice, known),
        capture_output=True,
        text=True,
        check=False,
    )
    if migrated.returncode:
        raise EndedError(f"airflow db migrate failed:\n{migrated.stderr[-2000:]}")
    running.start(Process("api-server", [AIRFLOW, "api-server"], port=choice.port), _PATIENCE)
    for name in _COMPONENTS:
        running.start(Process(name, [AIRFLOW, name]))
    if choice.executor == "celery":
        for number in range(1, choice.workers + 1):
            host = f"--celery-hostname=worker{number}@%h"
            running.start(
                Process(f"worker-{number}", [AIRFLOW, "celery", "worker", host, "--skip-serve-logs"])
            )
    rest = Rest(choice.url, USER, known["admin"])
    _wait(rest, running)
    for name, slots in choice.pools.items():
        rest.set_pool(name, slots)


def _wait(rest: Rest, running: Processes) -> None:
    """Until every component has said that it is well."""
    until = time.monotonic() + _PATIENCE
    told: list[str] = []
    while True:
        running.check()
        try:
            health = rest.health()
        except (urllib3.exceptions.HTTPError, OSError):
            health = {}
        wanted = ("metadatabase", "scheduler", "triggerer", "dag_processor")
        missing = [name for name in wanted if (health.get(name) or {}).get("status") != "healthy"]
        if not missing:
            return
        if missing != told:
            _say(f"waiting for {', '.join(missing)}")
            told = missing
        if time.monotonic() > until:
            raise EndedError(f"{', '.join(missing)} not healthy in {_PATIENCE:.0f} s")
        time.sleep(1)


def _choice(arguments: list[str]) -> Choice:
    parser = argparse.ArgumentParser(
        prog="python -m infra.airflow", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "--db", choices=PARALLELISM, default=None, help="default: sqlite; postgres with celery"
    )
    parser.add_argument("--executor", choices=EXECUTORS, default="local", help="default: local")
    parser.add_argument("--port", type=int, default=8080, help="of the web page and the API; default: 8080")
    parser.add_argument("--workers", type=int, default=2, help="Celery's; default: 2")
    parser.add_argument("--profile", default="embedded", help="which engines; default: embedded")
    parser.add_argument(
        "--home", type=Path, default=ROOT / "build" / "airflow", help="default: build/airflow"
    )
    told = parser.parse_args(arguments)
    database = told.db or ("postgres" if told.executor == "celery" else "sqlite")
    if database == "sqlite" and told.executor == "celery":
        parser.error("Celery's workers need a database that takes more than one writer: --db postgres")
    return Choice(told.home.absolute(), database, told.executor, told.port, told.workers, told.profile)


def _greeting(choice: Choice, password: str) -> str:
    how = f"{choice.database}, {EXECUTORS[choice.executor]}, profile {choice.profile}"
    return (
        f"Airflow at {choice.url} ({how}).\n"
        f"  user {USER}, password {password}\n"
        "  DAG story_catalog: Trigger, and say which catalog. What waits for a person: Required Actions.\n"
        f"  logs: {choice.home / 'logs'}\n"
        "Ctrl-C ends it all."
    )


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
