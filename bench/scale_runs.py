"""The runs that bench/scale.py is held against: python -m bench.scale_runs NAME OUT STORIES.

NAME: quotas, or a part of a catalog, in their order: plan, fill, make, survey, publish, report.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.copies import Copies
from bench.figures import Run
from bench.stories import IDEAS
from pipeline.app import App
from pipeline.batch import runs, stage
from pipeline.batch.plan import plan
from pipeline.batch.publishing import publish
from pipeline.batch.reading import read
from pipeline.batch.report.writing import report
from pipeline.batch.survey import survey
from pipeline.batch.work import narrate, write
from pipeline.bootstrap import build_batch
from pipeline.config.settings import Settings
from pipeline.engines.fake import FakeEncoder
from pipeline.types import Narration, Recording

_SPEAK = "SynthesizeSpeech"
_RUN, _CATALOG = "run", "bench.yaml"
_FRAME_BYTES = 192


def quotas(out: Path, stories: int) -> Run:
    """A chunk in English against the local AWS with a new account's quotas. work_s: of narrating."""
    # Here: it is more memory than a catalog of 10,000 entries.
    from infra.local_aws.rates import HELD
    from infra.local_aws.server import LocalAws

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


def catalog_part(name: str, out: Path, entries: int) -> Run:
    """A part of a catalog in English, with engines that take no time: CPU seconds, peak memory in bytes.

    Each part in a process of its own, so that its memory is its own. CPU seconds, since a disk's waiting and
    other work on the machine are none of the part's.
    """
    out.mkdir(parents=True, exist_ok=True)
    app = build_batch(Settings(profile="fake", out=out / "store"))
    app = replace(app, encoder=_OneFrame())
    start = time.process_time()
    count = _PARTS[name](app, out, entries)
    cpu = time.process_time() - start
    return {"entries": count, "cpu": cpu, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


class _OneFrame(FakeEncoder):
    """100,000 mp3s of the usual length would be 27 GB, and no part of a catalog but `make` opens one."""

    def join(self, narrations: Sequence[Narration]) -> Recording:
        recording = super().join(narrations)
        return replace(recording, audio=recording.audio[:_FRAME_BYTES])


def _plan(app: App, out: Path, entries: int) -> int:
    _planned(app, out, entries)
    return entries


def _fill(app: App, out: Path, entries: int) -> int:
    """All chunks but the last: the first is made, and the others are its first story under their own ids."""
    _without_sync()
    run = runs.Run(app.store, _RUN)
    _worked(app, run, 1)
    copies = Copies(app.store, next(run.items(1)).id)
    for number in range(2, run.about().chunks):
        items = [*run.items(number)]
        for item in items:
            copies.add(item)
        for name in (runs.WRITE, runs.NARRATE):
            run.keep(runs.ChunkRecord(name, number, time.time(), attempts=1, made=len(items)))
    return entries


def _make(app: App, out: Path, entries: int) -> int:
    """The last chunk, in a store that has the others."""
    _without_sync()
    run = runs.Run(app.store, _RUN)
    return _worked(app, run, run.about().chunks)


def _worked(app: App, run: runs.Run, number: int) -> int:
    """In one thread, which takes fewer CPU seconds than four that take turns."""
    stage._each = lambda do, items, _: [*map(do, items)]
    editions = [do(app, run, number).made for do in (write, narrate)][-1]
    assert editions == len([*run.items(number)])
    return editions


def _without_sync() -> None:
    """Syncing the disk is most of a write's time, and nothing that is measured here."""
    os.fsync = lambda _: None


def _survey(app: App, out: Path, entries: int) -> int:
    """Of a catalog whose editions are all complete."""
    return sum(survey(app, read(out / _CATALOG)).done.values())


def _publish(app: App, out: Path, entries: int) -> int:
    return publish(app, runs.Run(app.store, _RUN)).cards


def _report(app: App, out: Path, entries: int) -> int:
    return report(app, runs.Run(app.store, _RUN)).made


_PARTS = {
    "plan": _plan,
    "fill": _fill,
    "make": _make,
    "survey": _survey,
    "publish": _publish,
    "report": _report,
}


def _planned(app: App, out: Path, stories: int, chunk: int = 0) -> runs.Run:
    out.mkdir(parents=True, exist_ok=True)
    path = out / _CATALOG
    with path.open("w", encoding="utf-8") as file:  # line by line: the list would be a part of the peak
        file.write('locales: ["en"]\nentries:\n')
        for number in range(stories):
            file.write(f'- "{IDEAS[number % len(IDEAS)]}, part {number}"\n')
    plan(app, read(path), _RUN, chunk)
    return runs.Run(app.store, _RUN)


if __name__ == "__main__":
    name, out, stories = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    figures = quotas(out, stories) if name == "quotas" else catalog_part(name, out, stories)
    print(json.dumps(figures))
