"""The runs that bench/scale.py is held against: python -m bench.scale_runs quotas|fake OUT STORIES."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

from bench.figures import Run
from bench.stories import IDEAS
from infra.local_aws.rates import HELD
from infra.local_aws.server import LocalAws
from pipeline.app import App
from pipeline.batch import runs
from pipeline.batch.plan import plan
from pipeline.batch.publishing import publish
from pipeline.batch.reading import read
from pipeline.batch.report.writing import report
from pipeline.batch.work import narrate, write
from pipeline.bootstrap import build_batch
from pipeline.config.settings import Settings

_SPEAK = "SynthesizeSpeech"


def quotas(out: Path, stories: int) -> Run:
    """A chunk in English against the local AWS with a new account's quotas. work_s: of narrating."""
    with LocalAws("fake", **HELD) as aws:
        os.environ.update({**aws.environment, "STORIES_BUCKET": aws.make_bucket()})
        app = build_batch(Settings.from_env(os.environ, profile="aws"))
        run = _planned(app, out, stories, chunk=stories)
        assert not write(app, run, 1).failures
        start = time.perf_counter()
        failures = narrate(app, run, 1).failures
        took = time.perf_counter() - start
        assert not failures, failures
        return {"stories": stories, "requests": aws.requests(_SPEAK), "work_s": took}


def fake(out: Path, entries: int) -> Run:
    """Seconds of each part of a catalog in English, with engines that take no time. peak: bytes."""
    app = build_batch(Settings(profile="fake", out=out / "store"))
    seconds: dict[str, float] = {}

    def timed(part: str, began: float) -> None:
        seconds[part] = time.perf_counter() - began

    start = time.perf_counter()
    run = _planned(app, out, entries)
    timed("plan", start)
    start = time.perf_counter()
    for number in range(1, run.about().chunks + 1):
        for stage in (write, narrate):
            assert not stage(app, run, number).failures
    timed("make", start)
    start = time.perf_counter()
    published = publish(app, run).cards
    timed("publish", start)
    start = time.perf_counter()
    finished = report(app, run).made
    timed("report", start)
    assert (published, finished) == (entries, entries)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"entries": entries, "peak": peak, **seconds}


def _planned(app: App, out: Path, stories: int, chunk: int = 0) -> runs.Run:
    out.mkdir(parents=True, exist_ok=True)
    path = out / "bench.yaml"
    ideas = [f"{IDEAS[number % len(IDEAS)]}, part {number}" for number in range(stories)]
    path.write_text(json.dumps({"locales": ["en"], "entries": ideas}, indent=1), "utf-8")
    plan(app, read(path), "run", chunk)
    return runs.Run(app.store, "run")


if __name__ == "__main__":
    print(json.dumps({"quotas": quotas, "fake": fake}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))))
