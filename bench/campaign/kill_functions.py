"""Kills of what has no command of its own: a DAG's tasks, and the Lambda handlers at a local AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.campaign.frame import Case, Outcome
from bench.campaign.hooks import Plan, install
from bench.campaign.processes import ROOT, Child, die_with_parent, fork

_RUN = "campaign"
# A function that was ended in the middle leaves its claim in the bucket, where it ends by its expiry alone.
_CLAIM_SECONDS = 15.5
_LOCALE = "fr"


def run_tasks(root: Path, path: Path) -> int:
    """What dags/story_catalog.py calls, with a run's id of its own, as a scheduler's retry has."""
    from pipeline.batch.plan import plan
    from pipeline.batch.reading import read
    from pipeline.batch.report.writing import report
    from pipeline.batch.runs import Run
    from pipeline.batch.work import narrate, write
    from pipeline.bootstrap import build_batch
    from pipeline.config.settings import Settings

    app = build_batch(Settings(profile="fake", out=root))
    planned = plan(app, read(path), _RUN, 2, None)
    run = Run(app.store, _RUN)
    for number in range(1, planned.chunks + 1):
        write(app, run, number)
        narrate(app, run, number)
    report(app, run)
    return 0


def report_faults(root: Path) -> Iterator[str]:
    """Of the newest report: accepted is made or failed, and a failure has key, step, cause and attempts."""
    reports = sorted((root / "runs").glob("*/report.json"), key=lambda path: path.stat().st_mtime)
    if not reports:
        yield "no report"
        return
    body = json.loads(reports[-1].read_text("utf-8"))
    counted = (
        sum(body[name] for name in ("made", "skipped", "left")) + len(body["failed"]) + len(body["missing"])
    )
    if body["planned"] != counted or body["missing"]:
        yield f"the report counts {counted} of {body['planned']}, and misses {body['missing']}"
    if len(body["failed"]) != 2:
        yield f"the report has {len(body['failed'])} failures, not the one idea in two languages"
    for failure in body["failed"]:
        if not all(failure.get(name) for name in ("id", "locale", "step", "cause", "attempts")):
            yield f"the report does not account for a failure: {failure}"


def lambdas(case: Case) -> Outcome:
    """Twelve stories, each killed at a random moment; once the claims have run out, the same states."""
    outcome = Outcome(count=12)
    with _local_aws(case.folder) as environ:
        stories = [f"{case.number} {number}" for number in range(outcome.count + 1)]
        ids = _in_child(case.folder, environ, lambda: _accept(stories))
        begun = time.monotonic()
        _states(case.folder, environ, ids[0]).wait()
        whole = time.monotonic() - begun
        for story_id in ids[1:]:
            child = _states(case.folder, environ, story_id)
            time.sleep(case.random.uniform(0, 0.8 * whole))
            child.kill()
            outcome.add("over before the kill", child.status == 0)
        outcome.faults += _in_child(case.folder, environ, lambda: _partial(ids))
        time.sleep(_CLAIM_SECONDS)
        for story_id in ids:
            child = _states(case.folder, environ, story_id)
            outcome.check(child.wait() == 0, f"{story_id} is not made after a kill: {child.text[-300:]}")
        outcome.faults += _in_child(case.folder, environ, lambda: _incomplete(ids))
    return outcome


def _states(folder: Path, environ: dict[str, str], story_id: str) -> Child:
    """The workflow's three states, in a process of their own."""

    def work() -> int:
        from pipeline import lambdas as handlers

        install(Plan())
        for state in (handlers.generate, handlers.translate, handlers.speak):
            state({"id": story_id, "locale": _LOCALE}, _Context())
        return 0

    return fork(work, folder / "states.log", environ)


class _Context:
    """What Powertools reads of a Lambda's context."""

    function_name = "campaign"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:campaign"
    aws_request_id = "campaign"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def _accept(contexts: list[str]) -> list[str]:
    from pipeline.steps.accept import accept

    return [accept(_app(), f"a shy snail and the kite {context}", 0) for context in contexts]


def _partial(ids: list[str]) -> list[str]:
    """A manifest is there only where all that it names is."""
    store, faults = _app().store, []
    for key in store.list("stories/"):
        if key.endswith("/manifest.json"):
            body = json.loads(store.get(key))
            names = {body["mp3"], *(segment["audio"] for segment in body["segments"])}
            faults += [f"{key} names {name}, which is missing" for name in names if not store.head(name, 1)]
    return faults


def _incomplete(ids: list[str]) -> list[str]:
    names = set(_app().store.list("stories/"))
    return [
        f"{story_id} has no manifest"
        for story_id in ids
        if f"stories/{story_id}/{_LOCALE}/manifest.json" not in names
    ]


def _app() -> Any:
    from pipeline.bootstrap import build_app
    from pipeline.config.settings import Settings

    return build_app(Settings.from_env(os.environ))


def _in_child(folder: Path, environ: dict[str, str], work: Callable[[], Any]) -> Any:
    """What `work` returns, from a process of its own: clients' connections must not be forked."""
    path = folder / "result.json"

    def write() -> int:
        path.write_text(json.dumps(work()), "utf-8")
        return 0

    child = fork(write, folder / "child.log", environ)
    if child.wait():
        raise RuntimeError(child.text[-500:])
    return json.loads(path.read_text("utf-8"))


@contextmanager
def _local_aws(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a local AWS of our own, with the handlers' settings."""
    code = (
        "import json, sys; from infra.local_aws import LocalAws\n"
        "with LocalAws('fake') as aws:\n"
        "    print(json.dumps({**aws.environment, 'STORIES_BUCKET': aws.make_bucket()}), flush=True)\n"
        "    sys.stdin.read()"
    )
    with (
        (folder / "aws.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=die_with_parent,
        ) as process,
    ):
        assert process.stdout
        try:
            settings = {
                "STORIES_PROFILE": "aws",
                "STORIES_ATTEMPTS": "1",
                "POWERTOOLS_METRICS_DISABLED": "true",
            }
            yield {**json.loads(process.stdout.readline()), **settings}
        finally:
            process.kill()
