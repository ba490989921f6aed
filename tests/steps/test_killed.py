"""kill -9 at the boundaries of the steps; tests/killing.py says what is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import ROOT

# Idea, variant, at which of its boundaries: 0, 2 and 4 of each five, so that of the three boundaries of
# a write no write is left out.
TRIALS = [("a shy snail", 0, 0), ("the owl's lost scarf", 3, 2), ("a bear on the moon", 2**53 - 1, 4)]
STEP = 5


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: hundreds of runs, whose every write would wait for a disk."""
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
