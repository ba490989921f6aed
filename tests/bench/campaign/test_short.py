"""The campaign in short: a few cases of what no other test does."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.command import ROOT

# Part, trial, cases.
CASES = [
    ("kills", "make, at every write", [30, 290]),
    ("kills", "catalog run, at every write", [300]),
    ("kills", "server", [2]),
    ("disk", "EIO, ENOSPC, EMFILE at a write", [4, 11]),
    ("disk", "largest file", [2]),
]


def test_what_was_killed_or_failed_is_finished_by_the_same_work() -> None:
    """Some seconds: imports everything once, then forks some twenty commands."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.campaign.short", json.dumps(CASES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    faults = json.loads(done.stdout)
    assert len(faults) == sum(len(numbers) for _, _, numbers in CASES)
    assert not any(faults.values()), faults
