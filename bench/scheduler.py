"""A real scheduler: a catalog over REST with a person's approval, what scheduling costs, and a killed worker.

python -m bench scheduler [--quick]; SQLite, then PostgreSQL with Celery where Debian's servers are installed
(`make airflow-services`). The killed worker speaks to the local AWS, which counts every request.
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
from bench.figures import Finding, Target, spread
from bench.result import Result
from infra.local_aws.faults import Fault
from infra.local_aws.server import LocalAws

_QUICK, _WHOLE = 400, 10_000
_KILLED = 12
# What the killed task asks for: it writes and translates.
_WRITES, _TRANSLATES = "InvokeEndpointWithResponseStream", "TranslateText"


def measure(quick: bool) -> Result:
    entries = _QUICK if quick else _WHOLE
    ways = [("sqlite", "local")]
    if shutil.which("redis-server"):
        ways.append(("postgres", "celery"))
    findings: list[Finding] = []
    details: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as a user of its own where we are root
        for database, executor in ways:
            told = _catalog(folder / database, database, executor, entries)
            details[database] = told
            findings += _findings(f"{database}, {executor}", entries, told)
        details["killed"] = killed = _kill(folder / "killed", *ways[-1])
    counts = f"{killed['requests']} requests, {killed['undisturbed']} undisturbed"
    findings.append(
        Finding(
            "scheduler, killed",
            f"finished calls made again after kill -9 of a task, {_KILLED} stories × 2",
            spread([max(0, killed["requests"] - killed["undisturbed"] - killed["at_hand"])]),
            "calls",
            Target(0),
            f"{counts}; tries {killed['tries']}; the run {killed['state']} after {killed['seconds']:.0f} s",
        )
    )
    return Result(findings, details)


def _findings(way: str, entries: int, told: dict[str, Any]) -> list[Finding]:
    return [
        Finding(
            f"scheduler, {way}",
            f"{entries:,} entries, fake, approved over REST",
            spread([told["seconds"]]),
            "s",
            None,
            f"{told['tasks']} tasks, {told['published']} stories listed; again {told['again']:.0f} s; "
            f"{3600 * entries / told['seconds']:.0f} stories an hour; up in {told['up']:.0f} s",
        ),
        Finding(
            f"wait, {way}",
            "seconds from ready to running, a task's median",
            spread(told["waits"]),
            "s",
        ),
    ]


def _catalog(folder: Path, database: str, executor: str, entries: int) -> dict[str, Any]:
    """From the trigger to the end of the run, the approval included; then the same again."""
    folder.mkdir(parents=True)
    path = _file(folder, entries, locales=["en"], publish={"review": "sample", "sample": 0.001})
    with airflow(folder, database, executor, "fake") as running:
        run = running.trigger(catalog=str(path), profile="fake")
        asked = time.monotonic()
        approval = run.approve()
        state = run.finish(patience=3600)
        seconds = time.monotonic() - asked
        tasks = run.tasks()
        assert state == "success", state
        asked = time.monotonic()
        # All of it is listed: nobody is asked again.
        assert running.trigger(catalog=str(path), profile="fake").finish(patience=600) == "success"
        again_seconds = time.monotonic() - asked
        return {
            "seconds": seconds,
            "approval": approval,
            "up": running.up_seconds,
            "tasks": len(tasks),
            "waits": _waits(tasks),
            "published": len(list((folder / "out/catalogs/published/cards").rglob("*.json"))),
            "again": again_seconds,
        }


def _kill(folder: Path, database: str, executor: str) -> dict[str, Any]:
    """The same catalog twice, each in a bucket of its own; the second time a writing task is killed."""
    folder.mkdir(parents=True)
    with LocalAws("fake") as aws:
        path = _file(folder, _KILLED, locales=["en", "fr"], publish={"review": "none"})
        counts = []
        for kill in (False, True):
            bucket = aws.make_bucket()
            aws.reset()
            # An endpoint takes its time: so that there is a middle to be killed in.
            aws.inject(_WRITES, Fault("drip", times=None, seconds=1.0))
            environment = {**aws.environment, "STORIES_BUCKET": bucket}
            with airflow(folder / str(kill), database, executor, "aws", environment) as running:
                began = time.monotonic()
                run = running.trigger(catalog=str(path), profile="aws", chunk_size=_KILLED)
                if kill:
                    pid = run.pid_of("chunk.write", patience=180)
                    until(lambda: aws.requests(_WRITES) > _KILLED, 120)
                    os.kill(pid, signal.SIGKILL)
                state = run.finish(patience=600)
                counts.append({one: aws.requests(one) for one in (_WRITES, _TRANSLATES)})
                tries = {task["task_id"]: task["try_number"] for task in run.tasks()}
    undisturbed, requests = (sum(one.values()) for one in counts)
    return {
        "requests": requests,
        "undisturbed": undisturbed,
        # The writer has four calls at hand when it is killed; none of them was finished.
        "at_hand": 4,
        "tries": tries["chunk.write"],
        "state": state,
        "seconds": time.monotonic() - began,
        "counts": counts,
    }


def _waits(tasks: list[dict[str, Any]]) -> list[float]:
    """Seconds from when a task was scheduled until it ran."""
    return [
        (
            datetime.fromisoformat(one["start_date"]) - datetime.fromisoformat(one["scheduled_when"])
        ).total_seconds()
        for one in tasks
        # An approval is scheduled twice: to ask, and when it was answered.
        if one["task_id"] != "approve" and one["start_date"] and one["scheduled_when"]
    ]


def _file(folder: Path, entries: int, **settings: Any) -> Path:
    path = folder / "bench.yaml"
    ideas = [f"a snail who counts to {number}" for number in range(entries)]
    path.write_text(json.dumps({**settings, "entries": ideas}), "utf-8")
    return path
