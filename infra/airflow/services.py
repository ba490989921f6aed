"""Debian's PostgreSQL and Redis, on ports and data of their own; others stay as they are."""

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
    """A server is not installed; the message says what to do."""


def postgres(home: Path, known: Mapping[str, str]) -> Process:
    """Its data is made at the first start, in home/postgres."""
    data = home / "postgres"
    user = _OWNER if os.geteuid() == 0 else None
    if not (data / "PG_VERSION").exists():
        _make(data, known["postgres"], user)
    server = [
        _found("postgres"),
        "-D",
        str(data),
        "-p",
        str(POSTGRES_PORT),
        "-c",
        "listen_addresses=127.0.0.1",
    ]
    return Process("postgres", [*server, "-c", "unix_socket_directories="], port=POSTGRES_PORT, user=user)


def create_database(home: Path, known: Mapping[str, str]) -> None:
    """The user's own, called airflow; nothing happens where it is there."""
    import psycopg

    told = f"host=127.0.0.1 port={POSTGRES_PORT} user=airflow password={known['postgres']} dbname=postgres"
    with psycopg.connect(told, autocommit=True, connect_timeout=10) as connection:
        if not connection.execute("select 1 from pg_database where datname = 'airflow'").fetchone():
            connection.execute("create database airflow")


def redis(home: Path, known: Mapping[str, str]) -> Process:
    """A queue only: what it holds need not outlive it. Its password is in a file: commands are public."""
    settings = home / "redis.conf"
    settings.touch(0o600)
    lines = (
        "bind 127.0.0.1",
        f"port {REDIS_PORT}",
        "save ''",
        f"requirepass {known['redis']}",
        f"dir {home}",
    )
    settings.write_text("\n".join(lines) + "\n", "utf-8")
    return Process("redis", [_found("redis-server"), str(settings)], port=REDIS_PORT)


def _make(data: Path, password: str, user: str | None) -> None:
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".password") as file:
        file.write(password)
        file.flush()
        if user:
            owner = pwd.getpwnam(user)
            for path in (data, Path(file.name)):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        told = [
            "-D",
            str(data),
            "--username=airflow",
            "--auth=scram-sha-256",
            f"--pwfile={file.name}",
            "--no-sync",
        ]
        made = subprocess.run(  # noqa: S603 - the program that was found
            [_found("initdb"), *told, "--encoding=UTF8", "--locale=C.UTF-8"],
            user=user,
            cwd=data,
            capture_output=True,
            text=True,
            check=False,
        )
    if made.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise MissingError(f"initdb, as {user or 'you'}, failed: {made.stderr.strip()}")


def _found(name: str) -> str:
    """Debian keeps PostgreSQL's programs out of the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(debian[-1]) if debian else None)
    if not found:
        raise MissingError(f"{name} is not installed: {_INSTALL}")
    return found
