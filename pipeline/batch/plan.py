"""From a catalog file to chunks of the editions that are left to make."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from tempfile import TemporaryFile

from pipeline.app import App
from pipeline.batch.estimate import read_means, weighted
from pipeline.batch.items import Item, dump_items, load_items
from pipeline.batch.reading import CatalogFile
from pipeline.batch.runs import CHUNKS, DONE, About, Run
from pipeline.batch.survey import Survey, survey
from pipeline.config.profiles import profile

# Airflow maps a task over 1,024 chunks unless max_map_length is raised: a larger catalog has larger chunks.
MOST_CHUNKS = 1000
# A task takes about a second to schedule and a chunk has two (measured, Airflow 3.3): 5 % of 40 s of work.
_CHUNK_SECONDS = 40.0
# A chunk whose task is killed is read again from its start, and its failures are one screen of a report.
_LARGEST_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """chunks: how many, numbered from 1. todo: editions in them; done: editions that were complete."""

    run_id: str
    chunks: int
    chunk_size: int
    stories: int
    todo: int
    done: int


def plan(
    app: App,
    file: CatalogFile,
    run_id: str,
    chunk_size: int = 0,
    budget: float | None = None,
    most_chunks: int = MOST_CHUNKS,
) -> Plan:
    """Writes the run's chunks, and run.json last.

    chunk_size: stories in a chunk, 0 to choose; larger where there would be more than `most_chunks`. budget:
    US dollars, in place of the catalog's.
    Raises RequestError ("bad-catalog"): with the lines of the first faults; nothing is written then.
    """
    run = Run(app.store, run_id)
    # A catalog may hold more items than memory: they wait on disk until the survey knows what is complete.
    with TemporaryFile() as spool:
        summary = survey(app, file, keep=lambda item: spool.write(dump_items([item]) + b"\n"))
        summary.refuse_faults()
        size = max(chunk_size or _size(app, summary), math.ceil(summary.todo_stories / most_chunks), 1)
        todo, done = _ItemFiles(run, CHUNKS, size), _ItemFiles(run, DONE, _LARGEST_CHUNK)
        spool.seek(0)
        for item in load_items(spool):
            complete = summary.complete.get(bytes.fromhex(item.id), frozenset())
            todo.add(replace(item, locales=tuple(tag for tag in item.locales if tag not in complete)))
            done.add(replace(item, locales=tuple(tag for tag in item.locales if tag in complete)))
    planned = Plan(run_id, todo.finish(), size, summary.stories, summary.todo, sum(summary.done.values()))
    done.finish()
    settings = summary.catalog.model_dump(mode="json") | ({} if budget is None else {"budget": budget})
    counts = planned.chunks, planned.stories, planned.todo, planned.done
    run.begin(About(settings, app.profile, *counts, began=time.time()))
    return planned


class _ItemFiles:
    """Items gathered into numbered files of `size`; an item without locales is left out."""

    def __init__(self, run: Run, kind: str, size: int) -> None:
        self._run, self._kind, self._size = run, kind, size
        self._waiting: list[Item] = []
        self._number = 0

    def add(self, item: Item) -> None:
        if item.locales:
            self._waiting.append(item)
        if len(self._waiting) == self._size:
            self._write()

    def finish(self) -> int:
        """The number of files."""
        if self._waiting:
            self._write()
        return self._number

    def _write(self) -> None:
        self._number += 1
        self._run.keep_items(self._kind, self._number, self._waiting)
        self._waiting = []


def _size(app: App, summary: Survey) -> int:
    """Stories in a chunk, so many that scheduling is a small share of the work."""
    seconds: dict[str, float] = profile(app.profile)["batch"]
    locales = max(1.0, summary.todo / max(1, summary.todo_stories))
    # As if the language model translated, the slower of the two: with a translator a chunk is then smaller.
    translate = seconds.get("translate_by_writer", seconds["translate"])
    story_seconds = seconds["write"] + locales * (translate + seconds["speak"])
    # A longer story takes the longer, by about as much in each step.
    story_seconds *= max(1.0, weighted(read_means(), summary, "seconds") / max(1, summary.todo_stories))
    return min(_LARGEST_CHUNK, max(app.text.parallel, math.ceil(_CHUNK_SECONDS / story_seconds)))
