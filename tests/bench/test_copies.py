"""Copies of a story, with which the bench fills a store."""

from __future__ import annotations

from pathlib import Path

from bench.copies import Copies
from pipeline.batch.plan import plan
from pipeline.batch.publishing import publish
from pipeline.batch.runs import Run
from pipeline.batch.work import narrate, write
from pipeline.ports import NoProgress
from pipeline.steps.verify import verify
from tests.batch.catalogs import batch_app, tales


def test_copies_are_whole_and_published_like_stories(tmp_path: Path) -> None:
    app = batch_app()
    plan(app, tales(tmp_path, locales=["en"]), "one", chunk_size=1)
    run = Run(app.store, "one")
    for stage in (write, narrate):
        stage(app, run, 1)
    copies = Copies(app.store, next(run.items(1)).id)
    for number in (2, 3):
        copies.add(next(run.items(number)))
    assert verify(app.store, (), NoProgress()).faults == ()
    assert publish(app, run).cards == 3
