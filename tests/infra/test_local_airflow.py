"""The programs around a local Airflow. Airflow itself is started by tests/dags and the bench."""

from __future__ import annotations

import os
import socket
import sys
import time
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


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_a_server_is_started_when_its_port_is_open(tmp_path: Path, port: int) -> None:
    running = Processes(tmp_path, os.environ)
    try:
        running.start(python("server", SERVE, str(port), port=port))
        with socket.create_connection(("127.0.0.1", port), 1):
            running.check()
    finally:
        running.stop()
    with socket.socket() as gone:
        assert gone.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_that_is_taken_is_told_and_left_alone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(EndedError, match="is taken by another program"):
            Processes(tmp_path, os.environ).start(python("server", SERVE, str(number), port=number))


def test_a_program_that_ended_is_told_with_its_last_words(tmp_path: Path) -> None:
    running = Processes(tmp_path, os.environ)
    running.start(python("server", "import sys; print('no such table'); sys.exit(3)"))
    time.sleep(1)
    with pytest.raises(EndedError, match=r"server ended \(status 3\)\n  no such table"):
        running.check()
    running.stop()


def test_all_end_also_the_stubborn_with_their_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.airflow.processes._GRACE_SECONDS", 0.5)
    running = Processes(tmp_path, os.environ)
    running.start(python("sleeper", SLEEP))
    running.start(python("stubborn", STUBBORN))
    log = tmp_path / "stubborn.log"
    deadline = time.monotonic() + 20
    while not log.read_text().strip() and time.monotonic() < deadline:
        time.sleep(0.05)
    child = int(log.read_text())
    assert is_running(child)
    running.stop()
    deadline = time.monotonic() + 5
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(child)


def test_secrets_are_made_once_and_are_their_owner_s(tmp_path: Path) -> None:
    first = secrets_of(tmp_path / "home")
    assert secrets_of(tmp_path / "home") == first
    assert len(set(first.values())) == len(first)
    assert (tmp_path / "home" / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_airflow_listens_on_loopback_and_sqlite_has_few_writers(tmp_path: Path) -> None:
    told = environment(Choice(tmp_path, "sqlite", "local", 8080), secrets_of(tmp_path))
    assert told["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert int(told["AIRFLOW__CORE__PARALLELISM"]) <= 4
    assert "AIRFLOW__CELERY__BROKER_URL" not in told


def test_celery_s_queue_is_on_loopback_behind_a_password(tmp_path: Path) -> None:
    known = secrets_of(tmp_path)
    told = environment(Choice(tmp_path, "postgres", "celery", 8080), known)
    assert told["AIRFLOW__CELERY__BROKER_URL"] == f"redis://:{known['redis']}@127.0.0.1:56379/0"
    assert told["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
