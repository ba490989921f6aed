"""A whole run without a scheduler (`stories catalog run`, `make catalog`); and the list of runs.

The DAG (dags/story_catalog.py) calls the same stages, plan, write, narrate and report, as its tasks. This
loop stands in for the scheduler alone: the order of the chunks and the pauses before a retry.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from pipeline.app import App
from pipeline.batch.plan import Plan
from pipeline.batch.report.figures import Report
from pipeline.batch.report.writing import report
from pipeline.batch.runs import About, ChunkRecord, Run, is_id
from pipeline.batch.work import narrate, write
from pipeline.errors import DamagedError, NotFoundError, StoriesError, UnavailableError
from pipeline.ports import Progress, Store
from pipeline.storage.integrity import OnDamage, log_damage

# Seconds before what failed is tried again: an engine that throttles has recovered then.
_PAUSES = (5.0, 30.0)
_Stage = Callable[[App, Run, int, bool, Progress], ChunkRecord]


def run(app: App, planned: Plan, progress: Progress, pause: Callable[[float], None] = time.sleep) -> Report:
    """Chunk by chunk, each tried three times while something of it may still succeed; publishes nothing.

    The report is kept whatever happens, also on Ctrl-C. Raises ConfigError, StoreError: what would fail
    every story.
    """
    begun = Run(app.store, planned.run_id)
    try:
        # Every edition is two steps: written, and narrated.
        with progress.step("catalog", 2 * planned.todo, "step") as advance:
            for number in range(1, planned.chunks + 1):
                editions = sum(len(item.locales) for item in begun.items(number))
                chunk = f"chunk {number} of {planned.chunks}"
                written = _finished(write, app, begun, number, progress, pause)
                advance(editions)
                progress.note(f"{chunk}: written ({written.seconds:.0f} s)")
                narrated = _finished(narrate, app, begun, number, progress, pause)
                advance(editions)
                progress.note(f"{chunk}: {_in_words(written, narrated)}")
    except BaseException:
        with suppress(StoriesError):  # the first error is the one that is raised
            report(app, begun)
        raise
    return report(app, begun)


@dataclass(frozen=True, slots=True)
class Known:
    """A run as a list shows it. verdict: "" where there is no report yet."""

    id: str
    about: About
    verdict: str


def known(store: Store, on_damage: OnDamage = log_damage) -> list[Known]:
    """The runs that were planned, the newest first. on_damage: receives those that cannot be read."""
    runs = []
    for key in store.list("runs/"):
        _, run_id, name, *deeper = (*key.split("/"), "")
        if name != "run.json" or deeper != [""] or not is_id(run_id):
            continue
        try:
            runs.append(Known(run_id, Run(store, run_id).about(), _verdict(store, run_id, on_damage)))
        except DamagedError as error:
            on_damage(error)
    return sorted(runs, key=lambda run: -run.about.began)


def _verdict(store: Store, run_id: str, on_damage: OnDamage) -> str:
    try:
        body = Run(store, run_id).report()
    except NotFoundError:
        return ""
    except DamagedError as error:
        on_damage(error)
        return ""
    return "stopped by budget" if body["stopped"] and body["verdict"] == "green" else str(body["verdict"])


def _finished(
    stage: _Stage, app: App, begun: Run, number: int, progress: Progress, pause: Callable[[float], None]
) -> ChunkRecord:
    """A stage of a chunk, tried until no further attempt might mend anything."""
    for seconds in _PAUSES:
        try:
            return stage(app, begun, number, False, progress)
        except UnavailableError as error:
            if error.problem != "unfinished":
                raise
            progress.note(f"{error}: again in {seconds:.0f} s")
            pause(seconds)
    return stage(app, begun, number, True, progress)


def _in_words(written: ChunkRecord, narrated: ChunkRecord) -> str:
    failed = len(
        {(failure.id, failure.locale) for record in (written, narrated) for failure in record.failures}
    )
    parts = [f"{narrated.made} made", *([f"{failed} FAILED"] if failed else [])]
    left = max(written.left, narrated.left)
    parts += [f"{left} left, as the budget is reached"] if left else []
    return f"{', '.join(parts)} ({written.seconds + narrated.seconds:.0f} s)"
