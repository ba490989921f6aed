"""Modules of the bench as processes: run once, kept as a worker with warm models, or started as a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.machine import Stopwatch

Body = dict[str, Any]
ROOT = Path(__file__).parents[1]


def run(module: str, *arguments: object, **environ: str) -> Body:
    """Seconds and other load of `python -m module`, with the JSON of its last line.

    Raises CalledProcessError.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with Stopwatch() as watch:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT, env={**os.environ, **environ}
        )
    return {**watch.figures, **json.loads(done.stdout.splitlines()[-1])}


@contextmanager
def server(module: str, *arguments: object) -> Iterator[str]:
    """The address that `python -m module` prints as its first line. Killed when the block ends."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


class Worker:
    """`python -m module`, which calls serve(): models load once. Killed when the block ends."""

    def __init__(self, module: str) -> None:
        self._command = [sys.executable, "-m", module]
        self._process: subprocess.Popen[str]

    def __enter__(self) -> Worker:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def request(self, **body: Any) -> Body:
        """The reply, with other load meanwhile. Raises RuntimeError if the process died."""
        assert self._process.stdin
        assert self._process.stdout
        with Stopwatch() as watch:
            print(json.dumps(body), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._command[-1]} died")
        # A worker that measures its own seconds is right about them: without the pipe's.
        return {**watch.figures, **json.loads(line)}


def serve(reply: Callable[[Body], Body]) -> None:
    """The worker's side. Output of libraries goes to stderr: stdout is for replies alone."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(reply(json.loads(line))), file=replies, flush=True)
