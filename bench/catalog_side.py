"""One side of bench/catalog.py: python -m bench.catalog_side loop|batch|plan OUT STORIES VARIANT."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.stories import IDEAS
from pipeline.app import App
from pipeline.batch.plan import plan
from pipeline.batch.reading import CatalogFile, read
from pipeline.batch.runs import Run
from pipeline.batch.work import narrate, write
from pipeline.bootstrap import build_batch
from pipeline.config.settings import Settings
from pipeline.ports import NoProgress
from pipeline.steps.accept import accept
from pipeline.steps.run import run as run_step

LOCALES = ["en", "pt", "fr", "it"]


def main(what: str, out: Path, stories: int, variant: int) -> dict[str, Any]:
    out.mkdir(parents=True, exist_ok=True)
    file = _catalog(out, stories, variant)
    app = build_batch(Settings(profile="fake" if what == "plan" else "draft", out=out / "store"))
    began = time.perf_counter()
    told = _SIDES[what](app, file)
    seconds = time.perf_counter() - began
    calls = sum(one.usage.calls for one in app.store.paid())  # type: ignore[attr-defined]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"seconds": seconds, "calls": calls, "peak": peak, **told}


def _loop(app: App, file: CatalogFile) -> dict[str, Any]:
    """Story by story, language by language."""
    for row in file.rows():
        assert row.entry
        story_id = accept(app, row.entry.context)
        for locale in LOCALES:
            run_step(app, story_id, locale, NoProgress())
    return {}


def _batch(app: App, file: CatalogFile) -> dict[str, Any]:
    planned = plan(app, file, f"run-{time.time_ns()}")
    run = Run(app.store, planned.run_id)
    calls = 0
    for number in range(1, planned.chunks + 1):
        for record in (write(app, run, number), narrate(app, run, number)):
            assert not record.failures, record.failures
            calls += sum(one.usage.calls for one in record.paid)
    return {"chunks": planned.chunks, "calls": calls}


def _plan(app: App, file: CatalogFile) -> dict[str, Any]:
    return {"chunks": plan(app, file, "run").chunks}


_SIDES: dict[str, Callable[[App, CatalogFile], dict[str, Any]]] = {
    "loop": _loop,
    "batch": _batch,
    "plan": _plan,
}


def _catalog(out: Path, stories: int, variant: int) -> CatalogFile:
    """As many ideas as are asked for, other ones for each variant."""
    path = out / "bench.yaml"
    ideas = [f"{IDEAS[at % len(IDEAS)]}, part {variant * stories + at + 1}" for at in range(stories)]
    path.write_text(json.dumps({"locales": LOCALES, "entries": ideas}), "utf-8")
    return read(path)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
