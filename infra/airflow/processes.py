"""Processes that are started and stopped together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_GRACE_SECONDS = 20.0


class EndedError(Exception):
    """A process ended by itself; the message has the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Process:
    """port: open on 127.0.0.1 once it is ready, 0 for none. user: to run as, None for the current one."""

    name: str
    command: Sequence[str]
    port: int = 0
    user: str | None = None


class Processes:
    """Each in a session of its own, so that Ctrl-C reaches this program alone; output goes to files."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs, self._environment = logs, environment
        self._running: list[tuple[Process, subprocess.Popen[bytes], BinaryIO]] = []

    def start(self, process: Process, patience: float = 30.0) -> None:
        """Returns when its port is open, if it has one. Raises EndedError: port taken, ended, too slow."""
        if process.port and _is_open(process.port):
            raise EndedError(f"port {process.port}, which {process.name} needs, is taken by another program")
        self._logs.mkdir(parents=True, exist_ok=True)
        log = (self._logs / f"{process.name}.log").open("wb")
        started = subprocess.Popen(  # noqa: S603 - programs of this file's callers, no shell
            list(process.command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self._environment,
            user=process.user,
            cwd=None if process.user is None else "/",
            start_new_session=True,
        )
        self._running.append((process, started, log))
        until = time.monotonic() + patience
        while process.port and not _is_open(process.port):
            self.check()
            if time.monotonic() > until:
                late = f"{process.name} did not open port {process.port} in {patience:.0f} s"
                raise EndedError(late + self._last(process))
            time.sleep(0.2)

    def check(self) -> None:
        """Raises EndedError where a process has ended."""
        for process, started, _ in self._running:
            if started.poll() is not None:
                raise EndedError(f"{process.name} ended (status {started.returncode}){self._last(process)}")

    def stop(self) -> None:
        """In reverse order; a process that does not end in time is killed, with its children."""
        for _, started, log in reversed(self._running):
            with suppress(ProcessLookupError):
                started.terminate()
            try:
                started.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(started.pid, signal.SIGKILL)
                started.wait()
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(started.pid, signal.SIGKILL)  # children that outlived it
            log.close()
        self._running = []

    def _last(self, process: Process) -> str:
        lines = (self._logs / f"{process.name}.log").read_text("utf-8", "replace").splitlines()
        return "".join(f"\n  {line[:200]}" for line in lines[-12:])


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
