"""Debian's PostgreSQL and Redis, with ports and data of their own, apart from other servers."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from infra.airflow.processes import Process
from infra.airflow.settings import POSTGRES_PORT, REDIS_PORT

_INSTALL = "run `make airflow-services`, which installs Debian's"
# PostgreSQL refuses to run as root.
_OWNER = "postgres"


class MissingError(Exception):
    """A server is not installed; the message says how to install it."""


def postgres(home: Path, secrets: Mapping[str, str]) -> Process:
    """Its data directory, home/postgres, is created at the first start."""
    data = home / "postgres"
    user = _OWNER if os.geteuid() == 0 else None
    if not (data / "PG_VERSION").exists():
        _create_cluster(data, secrets["postgres"], user)
    command = [_program("postgres"), "-D", str(data), "-p", str(POSTGRES_PORT)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    return Process("postgres", command, port=POSTGRES_PORT, user=user)


def create_database(secrets: Mapping[str, str]) -> None:
    """Creates the database airflow, unless it exists."""
    import psycopg

    login = f"user=airflow password={secrets['postgres']} dbname=postgres"
    address = f"host=127.0.0.1 port={POSTGRES_PORT} {login}"
    with psycopg.connect(address, autocommit=True, connect_timeout=10) as connection:
        if not connection.execute("select 1 from pg_database where datname = 'airflow'").fetchone():
            connection.execute("create database airflow")


def redis(home: Path, secrets: Mapping[str, str]) -> Process:
    """A queue only, without persistence. Its password is in a file: other users can see a command line."""
    settings = home / "redis.conf"
    settings.touch(0o600)
    settings.write_text(
        f"bind 127.0.0.1\nport {REDIS_PORT}\nsave ''\nrequirepass {secrets['redis']}\ndir {home}\n", "utf-8"
    )
    return Process("redis", [_program("redis-server"), str(settings)], port=REDIS_PORT)


def _create_cluster(data: Path, password: str, user: str | None) -> None:
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".password") as file:
        file.write(password)
        file.flush()
        if user:
            owner = pwd.getpwnam(user)
            for path in (data, Path(file.name)):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        command = [_program("initdb"), "-D", str(data), "--username=airflow", "--auth=scram-sha-256"]
        command += [f"--pwfile={file.name}", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
        initdb = subprocess.run(  # noqa: S603 - Debian's program
            command,
            user=user,
            cwd=data,
            capture_output=True,
            text=True,
            check=False,
        )
    if initdb.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise MissingError(f"initdb, as {user or 'you'}, failed: {initdb.stderr.strip()}")


def _program(name: str) -> str:
    """The path of a program; Debian keeps PostgreSQL's out of the PATH. Raises MissingError."""
    debian = sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")))
    path = shutil.which(name) or (debian[-1] if debian else None)
    if not path:
        raise MissingError(f"{name} is not installed: {_INSTALL}")
    return path
