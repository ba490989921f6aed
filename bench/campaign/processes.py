"""Commands of the product in processes of their own, forked from one that has imported everything.

A fresh interpreter takes 0.3 s, a fork 0.01 s: that is how thousands of kills fit into minutes. `started`
runs the same by a fresh interpreter. A child dies with its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.campaign.hooks import Plan, install
from pipeline.cli.__main__ import main

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_ADDRESS = re.compile(r"Stories at (http://\S+) ")
QUIET = Plan()


@dataclass
class Child:
    """A process of ours. log: its output, both streams."""

    pid: int
    log: Path
    status: int | None = None

    def poll(self) -> int | None:
        """Its exit status, -9 after a SIGKILL; None while it runs."""
        if self.status is None:
            pid, raw = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(raw) if pid else None
        return self.status

    def wait(self, seconds: float = PATIENCE) -> int:
        """Raises TimeoutError, after killing it."""
        deadline, pause = time.monotonic() + seconds, 0.001
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError(f"not over after {seconds:g} s: {self.text[-300:]}")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.005)
        return status

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    @property
    def text(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def address(self, seconds: float = PATIENCE) -> str:
        """Of a server, once it listens. Raises TimeoutError, RuntimeError where it ended."""
        deadline = time.monotonic() + seconds
        while not (match := _ADDRESS.search(self.text)):
            if self.poll() is not None:
                raise RuntimeError(f"the server ended with {self.status}: {self.text[-500:]}")
            if time.monotonic() > deadline:
                self.kill()
                raise TimeoutError("the server does not start")
            time.sleep(0.005)
        return match[1]


def fork(work: Callable[[], int], log: Path, environ: dict[str, str] | None = None) -> Child:
    """Runs `work` in a child; its return value is the exit status."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return Child(pid, log)
    status = 1
    try:
        _settle(log, environ or {})
        status = work()
    except SystemExit as end:
        status = int(end.code or 0) if isinstance(end.code, int | None) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def command(arguments: Sequence[str], log: Path, plan: Plan = QUIET, **environ: str) -> Child:
    """`stories …` in a fork."""

    def work() -> int:
        over = install(plan)
        try:
            return main(list(arguments))
        finally:
            over()

    return fork(work, log, environ)


def started(arguments: Sequence[str], log: Path, plan: Plan = QUIET, **environ: str) -> Child:
    """`stories …` by a fresh interpreter, with the plan in its environment (launcher.py)."""
    values = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(plan).items()}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.campaign.launcher", json.dumps(values), *arguments],
            cwd=ROOT,
            env=_environment(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=die_with_parent,
        )
    child = Child(process.pid, log)
    process.returncode = 0  # waited for by Child
    return child


def _settle(log: Path, environ: dict[str, str]) -> None:
    die_with_parent()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, buffering=1)  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(_environment(environ))


def _environment(changed: dict[str, str]) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith(("STORIES_", "AWS_"))}
    return {**others, "STORIES_ENV_FILE": "", "STORIES_PROFILE": "fake", **changed}


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
