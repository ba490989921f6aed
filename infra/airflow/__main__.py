"""A whole local Airflow until Ctrl-C: python -m infra.airflow [--db postgres] [--executor celery].

On loopback only, and for development only. Data, logs and secrets lie in build/airflow.

`airflow standalone` is not used: it forces the LocalExecutor, ends without its children on SIGTERM, and does
not notice a component that has ended (Airflow 3.3).
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import urllib3

from infra.airflow import services
from infra.airflow.processes import EndedError, Process, Processes
from infra.airflow.rest import Rest
from infra.airflow.settings import EXECUTORS, PARALLELISM, ROOT, USER, Choice, environment, out, secrets_of
from pipeline.config import env_file

AIRFLOW = str(Path(sys.executable).parent / "airflow")
# All components were healthy after 43 to 134 s on two busy cores (measured).
_PATIENCE = 300.0


def main(arguments: list[str]) -> int:
    choice = _choice(arguments)
    for note in env_file.fill(os.environ, ROOT, Path()):
        print(note, file=sys.stderr)
    secrets = secrets_of(choice.home)
    running = Processes(choice.home / "logs" / "components", environment(choice, secrets))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _start(choice, running, secrets)
        print(
            f"Airflow at {choice.url}: user {USER}, password {secrets[USER]}\n"
            "  DAG story_catalog: Trigger, and choose a catalog. Reviews wait under Required Actions.\n"
            f"  reports of runs, linked from their tasks: {choice.reports_url}\n"
            f"  logs: {choice.home / 'logs'}\n"
            "Ctrl-C ends it all.",
            flush=True,
        )
        while True:
            running.check()
            time.sleep(1)
    except EndedError as error:
        print(f"airflow: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping", flush=True)
        return 0
    finally:
        running.stop()


def _start(choice: Choice, running: Processes, secrets: dict[str, str]) -> None:
    print(f"Starting Airflow ({choice.database}, {EXECUTORS[choice.executor]}, {choice.profile})", flush=True)
    if choice.database == "postgres":
        running.start(services.postgres(choice.home, secrets["postgres"]))
    if choice.executor == "celery":
        running.start(services.redis(choice.home, secrets["redis"]))
    # The first command in a home also writes airflow.cfg, with the keys that the components share.
    command = [AIRFLOW, "db", "migrate"]
    migrated = subprocess.run(  # noqa: S603 - our own Airflow
        command, env=environment(choice, secrets), capture_output=True, text=True, check=False
    )
    if migrated.returncode:
        raise EndedError(f"airflow db migrate failed:\n{migrated.stderr[-2000:]}")
    running.start(_reports(choice))
    running.start(Process("api-server", [AIRFLOW, "api-server"], port=choice.port), _PATIENCE)
    for name in ("scheduler", "dag-processor", "triggerer"):
        running.start(Process(name, [AIRFLOW, name]))
    for number in range(choice.workers if choice.executor == "celery" else 0):
        command = [AIRFLOW, "celery", "worker", f"--celery-hostname=worker{number}@%h", "--skip-serve-logs"]
        running.start(Process(f"worker-{number}", command))
    rest = Rest(choice.url, USER, secrets[USER])
    _wait(rest, running)
    rest.set_pools(choice.pools)


def _reports(choice: Choice) -> Process:
    """Shows the reports of runs, to which tasks link, and nothing else of the store."""
    folder = out() / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    port = choice.port + 1
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    return Process("reports", [*command, "--directory", str(folder)], port=port)


def _wait(rest: Rest, running: Processes) -> None:
    """Returns when every component is healthy. Raises EndedError."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        running.check()
        with suppress(urllib3.exceptions.HTTPError):
            if rest.is_healthy():
                return
        time.sleep(1)
    raise EndedError(f"not every component is healthy after {_PATIENCE:.0f} s: see the logs")


def _choice(arguments: list[str]) -> Choice:
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m infra.airflow", description=summary)
    option = parser.add_argument
    option("--db", dest="database", choices=PARALLELISM, help="default: sqlite; postgres with celery")
    option("--executor", choices=EXECUTORS, default="local", help="default: local")
    option("--port", type=int, default=8080, help="of the page; the reports' is the next; default: 8080")
    option("--workers", type=int, default=2, help="Celery's; default: 2")
    option("--profile", default="embedded", help="which engines; default: embedded")
    option("--home", type=Path, default=ROOT / "build" / "airflow", help="default: build/airflow")
    options = parser.parse_args(arguments)
    options.home = options.home.absolute()
    options.database = options.database or ("postgres" if options.executor == "celery" else "sqlite")
    if options.database == "sqlite" and options.executor == "celery":
        parser.error("Celery's workers need a database that takes more than one writer: --db postgres")
    return Choice(**vars(options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
