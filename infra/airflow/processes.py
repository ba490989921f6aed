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

_GRACE_SECONDS = 20.0


class EndedError(Exception):
    """A process ended by itself, or cannot be started; the message has the last lines of its log."""


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
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, process: Process, patience: float = 30.0) -> None:
        """Returns when its port is open, if it has one. Raises EndedError: port taken, ended, too slow."""
        if process.port and _is_open(process.port):
            raise EndedError(f"port {process.port}, which {process.name} needs, is taken by another program")
        with self._log(process.name).open("wb") as log:
            self._running[process.name] = subprocess.Popen(  # noqa: S603 - programs of our callers, no shell
                list(process.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                user=process.user,
                cwd=process.user and "/",  # which another user can read
                start_new_session=True,
            )
        until = time.monotonic() + patience
        while process.port and not _is_open(process.port):
            self.check()
            if time.monotonic() > until:
                raise EndedError(f"{process.name} did not open port {process.port} in {patience:.0f} s")
            time.sleep(0.2)

    def check(self) -> None:
        """Raises EndedError where a process has ended."""
        for name, process in self._running.items():
            if process.poll() is not None:
                lines = self._log(name).read_text("utf-8", "replace").splitlines()[-12:]
                last = "".join(f"\n  {line[:200]}" for line in lines)
                raise EndedError(f"{name} ended (status {process.returncode}){last}")

    def stop(self) -> None:
        """In reverse order; what does not end in time is killed, and so are children that are left."""
        for process in reversed(self._running.values()):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._running = {}

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
