"""A whole local Airflow until Ctrl-C: python -m infra.airflow [--db postgres] [--executor celery].

API server, scheduler, DAG processor, triggerer; PostgreSQL and Redis, where asked for, have ports of their
own. On loopback only, and for development only. Data, logs and secrets lie in build/airflow.

`airflow standalone` is not used: it forces the LocalExecutor, ends without its children on SIGTERM, and does
not notice a component that has ended (Airflow 3.3).
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
    secrets = secrets_of(choice.home)
    passwords = choice.home / "passwords.json"
    passwords.touch(0o600)
    passwords.write_text(json.dumps({USER: secrets["admin"]}), "utf-8")
    running = Processes(choice.home / "logs" / "components", environment(choice, secrets))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _start(choice, running, secrets)
        print(_greeting(choice, secrets["admin"]), flush=True)
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


def _start(choice: Choice, running: Processes, secrets: dict[str, str]) -> None:
    if choice.database == "postgres":
        _log("PostgreSQL")
        running.start(services.postgres(choice.home, secrets))
        services.create_database(secrets)
    if choice.executor == "celery":
        _log("Redis")
        running.start(services.redis(choice.home, secrets))
    _log("the database's tables")
    migrated = subprocess.run(  # noqa: S603 - our own Airflow
        [AIRFLOW, "db", "migrate"],
        env=environment(choice, secrets),
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
    rest = Rest(choice.url, USER, secrets["admin"])
    _wait(rest, running)
    for name, slots in choice.pools.items():
        rest.set_pool(name, slots)


def _wait(rest: Rest, running: Processes) -> None:
    """Returns when every component is healthy."""
    until = time.monotonic() + _PATIENCE
    logged: list[str] = []
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
        if missing != logged:
            _log(f"waiting for {', '.join(missing)}")
            logged = missing
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
    options = parser.parse_args(arguments)
    database = options.db or ("postgres" if options.executor == "celery" else "sqlite")
    if database == "sqlite" and options.executor == "celery":
        parser.error("Celery's workers need a database that takes more than one writer: --db postgres")
    return Choice(
        options.home.absolute(), database, options.executor, options.port, options.workers, options.profile
    )


def _greeting(choice: Choice, password: str) -> str:
    how = f"{choice.database}, {EXECUTORS[choice.executor]}, profile {choice.profile}"
    return (
        f"Airflow at {choice.url} ({how}).\n"
        f"  user {USER}, password {password}\n"
        "  DAG story_catalog: Trigger, and choose a catalog. Reviews wait under Required Actions.\n"
        f"  logs: {choice.home / 'logs'}\n"
        "Ctrl-C ends it all."
    )


def _log(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
