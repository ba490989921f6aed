"""Runs a trial's cases in processes of their own until its time is over, with progress on stderr."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random

from tqdm import tqdm

from bench.campaign.frame import Case, Outcome, Row, Trial
from bench.campaign.preloading import preload
from bench.campaign.processes import die_with_parent


def run(part: str, trial: Trial, seed: int, seconds: float, is_long: bool, only: int | None = None) -> Row:
    """only: the number of the one case to run."""
    row = Row(part, trial.name, trial.unit, trial.wanted(is_long), missing=trial.missing())
    if row.missing:
        return row
    numbers: Iterable[int] = range(-(-row.wanted // trial.each))
    if only is not None:
        numbers, row.wanted = [only], trial.each
    started = time.monotonic()
    with tqdm(total=row.wanted, desc=f"{part}: {trial.name}", unit=f" {trial.unit}", leave=False) as bar:
        for number, outcome in _outcomes(trial, list(numbers), seed, started + seconds):
            row.take(number, outcome)
            bar.update(outcome.count)
            bar.set_postfix_str(f"{len(row.violations)} violations")
    row.seconds = time.monotonic() - started
    return row


def _outcomes(trial: Trial, numbers: list[int], seed: int, deadline: float) -> Iterator[tuple[int, Outcome]]:
    """In the order in which they end. A worker process has one thread: what it starts, it forks."""
    with ProcessPoolExecutor(trial.parallel, mp_context=get_context("fork"), initializer=_begin) as pool:
        work = partial(attempt, trial, seed, deadline)
        waiting = {pool.submit(work, number): number for number in numbers}
        try:
            for future in as_completed(waiting):
                if outcome := future.result():
                    yield waiting[future], outcome
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    die_with_parent()
    preload()


def attempt(trial: Trial, seed: int, deadline: float, number: int) -> Outcome | None:
    """None where the time is over. A case that raises is a violation: a campaign has to be able to fail."""
    if time.monotonic() > deadline:
        return None
    own = folder()
    try:
        return trial.run(Case(trial.name, number, Random(f"{seed}/{trial.name}/{number}"), own))
    except Exception:  # noqa: BLE001 - told with its place
        return Outcome(faults=[f"the case itself failed: {_place()}"])
    finally:
        shutil.rmtree(own, ignore_errors=True)


def folder() -> Path:
    """A new one, with the number of this process in its name."""
    return Path(tempfile.mkdtemp(prefix=f"stories-campaign-{os.getpid()}-", dir=memory()))


def memory() -> Path:
    """Where stores are kept: in memory where the platform can, as every write would wait for a disk."""
    path = Path("/dev/shm")
    return path if path.is_dir() else Path(tempfile.gettempdir())


def _place() -> str:
    lines = traceback.format_exc().strip().splitlines()
    return " | ".join(line.strip() for line in [*lines[-4:-1], lines[-1]])
