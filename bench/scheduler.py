"""A real scheduler: a catalog over REST with an approval, the cost of scheduling, and a killed worker.

python -m bench scheduler [--quick]; SQLite, then PostgreSQL with Celery if Debian's servers are installed
(`make airflow-services`). The killed worker uses the local AWS, which counts every request.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.airflow_run import airflow, until
from bench.figures import Finding, Result, Run, Target, single, spread
from infra.local_aws.faults import Fault
from infra.local_aws.server import LocalAws

_QUICK, _WHOLE = 400, 10_000
_KILLED = 12
# The operations of the killed task: it writes and translates.
_WRITES, _TRANSLATES = "InvokeEndpointWithResponseStream", "TranslateText"
# Calls of the writer that are under way when it is killed; none of them was finished.
_UNDER_WAY = 4


def measure(quick: bool) -> Result:
    entries = _QUICK if quick else _WHOLE
    schedulers = [("sqlite", "local")]
    if shutil.which("redis-server"):
        schedulers.append(("postgres", "celery"))
    findings: list[Finding] = []
    details: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as a user of its own when we are root
        for database, executor in schedulers:
            details[database] = run = _catalog(folder / database, database, executor, entries)
            findings += _catalog_findings(f"{database}, {executor}", entries, run)
        details["killed"] = killed = _kill(folder / "killed", *schedulers[-1])
    repeated = max(0, killed["requests"] - killed["undisturbed"] - _UNDER_WAY)
    what = f"finished calls made again after kill -9 of a task, {_KILLED} stories × 2"
    note = (
        f"{killed['requests']} requests, {killed['undisturbed']} undisturbed; tries {killed['tries']}; "
        f"the run {killed['state']} after {killed['seconds']:.0f} s"
    )
    findings.append(Finding("scheduler, killed", what, single(repeated), "calls", Target(0), note))
    return Result(findings, details)


def _catalog_findings(scheduler: str, entries: int, run: Run) -> list[Finding]:
    note = (
        f"{run['tasks']} tasks, {run['published']} stories listed; again {run['again']:.0f} s; "
        f"{3600 * entries / run['seconds']:.0f} stories an hour; up in {run['up']:.0f} s"
    )
    what = f"{entries:,} entries, fake, approved over REST"
    waits = "seconds from ready to running, a task's median"
    return [
        Finding(f"scheduler, {scheduler}", what, single(run["seconds"]), "s", None, note),
        Finding(f"wait, {scheduler}", waits, spread(run["waits"]), "s"),
    ]


def _catalog(folder: Path, database: str, executor: str, entries: int) -> Run:
    """From the trigger to the end of the run, the approval included; then the same again."""
    folder.mkdir(parents=True)
    path = _file(folder, entries, locales=["en"], publish={"review": "sample", "sample": 0.001})
    with airflow(folder, database, executor, "fake") as running:
        start = time.monotonic()
        run = running.trigger(catalog=str(path), profile="fake")
        run.approve()
        state = run.finish(patience=3600)
        seconds = time.monotonic() - start
        tasks = run.tasks()
        assert state == "success", state
        start = time.monotonic()
        # All of it is published already: no approval is needed.
        assert running.trigger(catalog=str(path), profile="fake").finish(patience=600) == "success"
        return {
            "seconds": seconds,
            "up": running.up_seconds,
            "tasks": len(tasks),
            "waits": _waits(tasks),
            "published": len(list((folder / "out/catalogs/published/cards").rglob("*.json"))),
            "again": time.monotonic() - start,
        }


def _kill(folder: Path, database: str, executor: str) -> Run:
    """The same catalog twice, each in a bucket of its own; the second time a writing task is killed."""
    folder.mkdir(parents=True)
    with LocalAws("fake") as aws:
        path = _file(folder, _KILLED, locales=["en", "fr"], publish={"review": "none"})
        counts = []
        for kill in (False, True):
            bucket = aws.make_bucket()
            aws.reset()
            # Slow responses, so that the task can be killed in the middle.
            aws.inject(_WRITES, Fault("drip", times=None, seconds=1.0))
            environment = {**aws.environment, "STORIES_BUCKET": bucket}
            with airflow(folder / str(kill), database, executor, "aws", environment) as running:
                start = time.monotonic()
                run = running.trigger(catalog=str(path), profile="aws", chunk_size=_KILLED)
                if kill:
                    pid = run.pid_of("chunk.write", patience=180)
                    until(lambda: aws.requests(_WRITES) > _KILLED, 120)
                    os.kill(pid, signal.SIGKILL)
                state = run.finish(patience=600)
                counts.append(sum(aws.requests(operation) for operation in (_WRITES, _TRANSLATES)))
                tries = {task["task_id"]: task["try_number"] for task in run.tasks()}
    undisturbed, requests = counts
    return {
        "requests": requests,
        "undisturbed": undisturbed,
        "tries": tries["chunk.write"],
        "state": state,
        "seconds": time.monotonic() - start,
    }


def _waits(tasks: list[dict[str, Any]]) -> list[float]:
    """Seconds from when a task was scheduled until it ran."""
    return [
        (_time(task["start_date"]) - _time(task["scheduled_when"])).total_seconds()
        for task in tasks
        # An approval is scheduled twice: to ask, and when it was answered.
        if task["task_id"] != "approve" and task["start_date"] and task["scheduled_when"]
    ]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _file(folder: Path, entries: int, **settings: Any) -> Path:
    path = folder / "bench.yaml"
    ideas = [f"a snail who counts to {number}" for number in range(entries)]
    path.write_text(json.dumps({**settings, "entries": ideas}, indent=1), "utf-8")
    return path
