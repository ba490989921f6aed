"""How long `stories --help` takes to answer, and how much memory a whole `stories make` needs at most."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from bench.figures import Finding, Target, spread
from bench.result import Result
from bench.stories import IDEAS

COMMAND = [sys.executable, "-m", "pipeline.cli"]
# Linux counts ru_maxrss in kB, macOS in bytes.
_UNIT = 1 if sys.platform == "darwin" else 1024


def measure(quick: bool) -> Result:
    answered = [_seconds([*COMMAND, "--help"]) for _ in range(10)]
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as out:
        status, peak = _peak([*COMMAND, "make", "--out", out, "--locale", "fr", "--", IDEAS[0]])
    return Result(
        [
            Finding("start-up", "stories --help", spread(answered), "s", Target(0.3)),
            Finding(
                "memory",
                "peak of stories make --locale fr",
                spread([peak / 1e9]),
                "GB",
                None,
                "resident, of the one process" + (f"; exit status {status}" if status else ""),
            ),
        ]
    )


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _peak(command: list[str]) -> tuple[int, int]:
    """Exit status, and the most bytes that were resident at once, as the kernel counted them."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * _UNIT
