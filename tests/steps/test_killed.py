"""kill -9 at the boundaries of the steps; tests/killing.py describes what is compared."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import ROOT

# Idea, variant, first boundary. Together every third boundary: a write has three, so no write is left out.
TRIALS = [("a shy snail", 0, 0), ("the owl's lost scarf", 2**53 - 1, 3)]
STEP = 6


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """In memory where the platform has /dev/shm: every write of the many runs would wait for a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as path:
        yield Path(path)


@pytest.mark.parametrize(("idea", "variant", "first"), TRIALS)
def test_killed_run_is_finished_by_the_same_command_with_equal_output_and_no_repeated_call(
    directory: Path, idea: str, variant: int, first: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing", str(directory), idea, str(variant), str(first), str(STEP)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["faults"] == []
    assert result["boundaries"] > 150
    assert result["kills"] >= result["boundaries"] // STEP
