"""A whole run without a scheduler: plan, write, narrate, report, on this machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pipeline.app import App
from pipeline.batch.plan import plan
from pipeline.batch.reading import CatalogFile
from pipeline.batch.report.figures import Report, report
from pipeline.batch.runs import NARRATE, WRITE, About, ChunkRecord, Run
from pipeline.batch.work import narrate, write
from pipeline.errors import NotFoundError, StoriesError, UnavailableError
from pipeline.ports import Advance, Progress, Store
from pipeline.storage import keys

# Seconds before what failed is tried again: an engine that was asked too often has rested then.
_PAUSES = (5.0, 30.0)
_DO = {WRITE: write, NARRATE: narrate}


def run(
    app: App,
    file: CatalogFile,
    run_id: str,
    progress: Progress,
    chunk_size: int = 0,
    budget: float | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Report:
    """Chunk by chunk, each tried three times while something of it may still succeed; publishes nothing.

    chunk_size, budget: as of plan(). The report is kept whatever happens, also on Ctrl-C. Raises RequestError
    ("bad-catalog") before anything is made; ConfigError, StoreError: what would fail every story.
    """
    planned = plan(app, file, run_id, chunk_size, budget)
    begun = Run(app.store, run_id)
    try:
        # Every story × locale is two steps: written, and narrated.
        with progress.step("catalog", 2 * planned.todo, "step") as advance:
            for number in range(1, planned.chunks + 1):
                chunk = f"chunk {number} of {planned.chunks}"
                written = _tried(app, begun, WRITE, number, progress, advance, pause)
                progress.note(f"{chunk}: written ({written.seconds:.0f} s)")
                narrated = _tried(app, begun, NARRATE, number, progress, advance, pause)
                progress.note(f"{chunk}: {_in_words(written, narrated)}")
    except BaseException:
        with suppress(StoriesError):  # the first trouble is what is told
            report(app, begun)
        raise
    return report(app, begun)


@dataclass(frozen=True, slots=True)
class Known:
    """A run as a list shows it. verdict: "" where there is no report yet."""

    id: str
    about: About
    verdict: str


def known(store: Store) -> list[Known]:
    """The runs that were planned, the newest first."""
    ids = (key.split("/")[1] for key in store.list("runs/") if key.endswith("/run.json"))
    found = [Known(one, Run(store, one).about(), _verdict(store, one)) for one in ids]
    return sorted(found, key=lambda one: -one.about.began)


def _verdict(store: Store, run_id: str) -> str:
    try:
        told = json.loads(store.get(keys.run(run_id, "report.json")))
    except NotFoundError:
        return ""
    return "stopped by budget" if told["stopped"] and told["verdict"] == "green" else str(told["verdict"])


def _tried(
    app: App,
    begun: Run,
    stage: str,
    number: int,
    progress: Progress,
    advance: Advance,
    pause: Callable[[float], None],
) -> ChunkRecord:
    """A stage of a chunk, until there is nothing more that a further attempt might mend."""
    whole = _Whole(progress, advance, sum(len(item.locales) for item in begun.items(number)))
    for seconds in _PAUSES:
        try:
            record = _DO[stage](app, begun, number, last=False, progress=whole)
            break
        except UnavailableError as error:
            if error.problem != "unfinished":
                raise
            progress.note(f"{error}: again in {seconds:.0f} s")
            pause(seconds)
    else:
        record = _DO[stage](app, begun, number, last=True, progress=whole)
    whole.finish()
    return record


class _Whole:
    """A Progress whose steps move the whole run's bar too: by `most`, however often something is tried."""

    def __init__(self, progress: Progress, advance: Advance, most: int) -> None:
        self._watch, self._advance, self._left = progress, advance, most
        self._lock = threading.Lock()

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        with self._watch.step(name, total, unit) as advance:

            def both(more: int) -> None:
                advance(more)
                self._move(more)

            yield both

    def note(self, text: str) -> None:
        self._watch.note(text)

    def finish(self) -> None:
        """What was given up before is done with, too."""
        self._move(self._left)

    def _move(self, more: int) -> None:
        with self._lock:
            moved = min(more, self._left)
            self._left -= moved
            self._advance(moved)


def _in_words(written: ChunkRecord, narrated: ChunkRecord) -> str:
    failed = len({(one.id, one.locale) for record in (written, narrated) for one in record.failures})
    told = [f"{narrated.made} made", *([f"{failed} FAILED"] if failed else [])]
    left = max(written.left, narrated.left)
    told += [f"{left} left, as the budget is reached"] if left else []
    return f"{', '.join(told)} ({written.seconds + narrated.seconds:.0f} s)"
