"""Debian's PostgreSQL and Redis, with ports and data of their own, apart from other servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from infra.airflow.processes import EndedError, Process
from infra.airflow.settings import POSTGRES_PORT, REDIS_PORT


def postgres(home: Path, password: str) -> Process:
    """Its data directory, home/postgres, is created at the first start, with the database airflow."""
    data, program = home / "postgres", _program("postgres")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    if not (data / "PG_VERSION").exists():
        _create_cluster(data, password, user)
    command = [program, "-D", str(data), "-p", str(POSTGRES_PORT)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    return Process("postgres", command, port=POSTGRES_PORT, user=user)


def redis(home: Path, password: str) -> Process:
    """A queue only, without persistence. Its password is in a file: other users can see a command line."""
    settings = home / "redis.conf"
    settings.touch(0o600)
    lines = ["bind 127.0.0.1", f"port {REDIS_PORT}", "save ''", f"requirepass {password}", f"dir {home}"]
    settings.write_text("\n".join(lines), "utf-8")
    return Process("redis", [_program("redis-server"), str(settings)], port=REDIS_PORT)


def _create_cluster(data: Path, password: str, user: str | None) -> None:
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".password") as file:
        file.write(password)
        file.flush()
        if user:
            for path in (data, file.name):
                shutil.chown(path, user)
        initdb = [_program("initdb"), "-D", str(data), "--username=airflow", "--auth=scram-sha-256"]
        initdb += [f"--pwfile={file.name}", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
        single = [_program("postgres"), "--single", "-D", str(data), "postgres"]
        try:
            for command, statement in ((initdb, ""), (single, "create database airflow\n")):
                subprocess.run(  # noqa: S603 - Debian's programs
                    command, input=statement, user=user, cwd=data, capture_output=True, text=True, check=True
                )
        except subprocess.CalledProcessError as error:
            shutil.rmtree(data)
            raise EndedError(f"PostgreSQL's data cannot be created: {error.stderr.strip()}") from error


def _program(name: str) -> str:
    """The path of a program; Debian keeps PostgreSQL's out of the PATH. Raises EndedError."""
    debian = sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))
    path = shutil.which(name) or (debian[-1] if debian else None)
    if not path:
        raise EndedError(f"{name} is not installed: run `make airflow-services`, which installs Debian's")
    return path
