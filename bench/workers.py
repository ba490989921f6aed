"""A process that stays: models load once, requests and answers are lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

Body = dict[str, Any]
_ROOT = Path(__file__).parents[1]


class Worker:
    """`python -m module`, which calls serve(). Killed where the block ends."""

    def __init__(self, module: str) -> None:
        self._command = [sys.executable, "-m", module]
        self._process: subprocess.Popen[str]

    def __enter__(self) -> Worker:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, **request: Any) -> Body:
        """Raises RuntimeError where the process died; what it said of that is on stderr."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._command[-1]} died")
        answer: Body = json.loads(line)
        return answer


def serve(answer: Callable[[Body], Body]) -> None:
    """The worker's side. What libraries print goes to stderr: stdout is for answers alone."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), file=answers, flush=True)
