"""The tests themselves: a safeguard is taken away in a copy of the project, and its tests have to fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.campaign.frame import Case, Outcome, Trial
from bench.campaign.processes import ROOT

_DATA = Path(__file__).with_suffix(".toml")
TABLE: list[dict[str, Any]] = tomllib.loads(_DATA.read_text("utf-8"))["mutations"]
_COPIED = ("pipeline", "tests", "bench", "infra", "dags", "catalogs", "notebooks", "pyproject.toml")
_SECONDS = 30.0
# pytest's exit status where tests failed.
_RED = 1


def run(case: Case) -> Outcome:
    mutation = TABLE[case.number % len(TABLE)]
    outcome = Outcome()
    copy = _copy(case.folder / "project")
    path = next(matching(copy, mutation), None)
    tests = existing(copy, mutation)
    if path is None or not tests:
        outcome.check(False, f"{mutation['name']}: its text or its tests are not there: mend mutations.toml")
        return outcome
    path.write_text(re.sub(mutation["old"], mutation["new"], path.read_text("utf-8"), count=1), "utf-8")
    status = _status(copy, tests)
    outcome.add("hung", status is None)
    outcome.check(
        status in {_RED, None}, f"{mutation['name']}: its tests do not notice (exit status {status})"
    )
    return outcome


def matching(root: Path, mutation: dict[str, Any]) -> Iterator[Path]:
    """Files that have the text."""
    where = root / mutation["where"]
    for path in sorted(where.rglob("*.py")) if where.is_dir() else [where]:
        if path.is_file() and re.search(mutation["old"], path.read_text("utf-8")):
            yield path


def existing(root: Path, mutation: dict[str, Any]) -> list[str]:
    return [name for name in mutation["tests"] if (root / name).is_file()]


def _copy(folder: Path) -> Path:
    folder.mkdir()
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "out"))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


def _status(copy: Path, tests: list[str]) -> int | None:
    """pytest's exit status; None where it hangs, which is noticed as well."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not embedded and not aws_live and not browser"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
            process.wait()


TRIALS = (Trial("safeguards taken away", "changes", run, len(TABLE), len(TABLE)),)
