"""The processes and settings of a local Airflow. Airflow itself is started by tests/dags and the bench."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.airflow.processes import EndedError, Process, Processes
from infra.airflow.settings import Choice, environment, secrets_of

SERVE = "import socket, time, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(60)"
SLEEP = "import time; time.sleep(60)"
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def python(name: str, code: str, *words: str, port: int = 0) -> Process:
    return Process(name, [sys.executable, "-c", code, *words], port)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path, os.environ)
    yield processes
    processes.stop()


def test_server_is_started_when_its_port_is_open(running: Processes) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running.start(python("server", SERVE, str(port), port=port))
    with socket.create_connection(("127.0.0.1", port), 1):
        running.check()
    running.stop()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_taken_port_is_an_error(running: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EndedError, match="is taken by another program"):
            running.start(python("server", SERVE, str(port), port=port))


def test_ended_process_is_reported_with_its_last_lines(running: Processes) -> None:
    running.start(python("server", "import sys; print('no such table'); sys.exit(3)"))

    errors: list[str] = []

    def has_ended() -> bool:
        try:
            running.check()
        except EndedError as error:
            errors.append(str(error))
        return bool(errors)

    until(has_ended)
    assert errors == ["server ended (status 3)\n  no such table"]


def test_stop_kills_a_process_that_ignores_sigterm_and_its_children(
    running: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.airflow.processes._GRACE_SECONDS", 0.05)
    running.start(python("sleeper", SLEEP))
    running.start(python("stubborn", STUBBORN))
    log = tmp_path / "stubborn.log"
    until(lambda: log.read_text().endswith("\n"))
    child = int(log.read_text())
    assert is_running(child)
    running.stop()
    until(lambda: not is_running(child))


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first = secrets_of(tmp_path / "home")
    assert secrets_of(tmp_path / "home") == first
    assert len(set(first.values())) == len(first)
    assert (tmp_path / "home" / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_airflow_listens_on_loopback_and_sqlite_has_few_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://production")
    variables = environment(Choice(tmp_path, "sqlite", "local", 8080), secrets_of(tmp_path))
    assert variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{tmp_path}/airflow.db"
    assert variables["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert int(variables["AIRFLOW__CORE__PARALLELISM"]) <= 4
    assert "AIRFLOW__CELERY__BROKER_URL" not in variables


def test_celery_uses_a_queue_on_loopback_with_a_password(tmp_path: Path) -> None:
    secrets = secrets_of(tmp_path)
    variables = environment(Choice(tmp_path, "postgres", "celery", 8080), secrets)
    assert variables["AIRFLOW__CELERY__BROKER_URL"] == f"redis://:{secrets['redis']}@127.0.0.1:56379/0"
    assert variables["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
