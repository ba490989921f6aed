"""From a catalog file to chunks of what is left to be made."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from pipeline.app import App
from pipeline.batch.reading import CatalogFile, bad
from pipeline.batch.runs import CHUNKS, DONE, About, Item, Run
from pipeline.batch.survey import Survey, items, survey_with_made
from pipeline.config.profiles import profile

# Airflow maps a task over 1,024 chunks at most (max_map_length); a larger catalog has larger chunks.
_MOST_CHUNKS = 1000
# A task takes about a second to schedule and a chunk has two (measured, Airflow 3.3): 5 % of 40 s of work.
_CHUNK_SECONDS = 40.0
# A chunk whose maker is killed is looked through again, and its failures are one screen of a report.
_LARGEST_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """chunks: how many, numbered from 1. todo: stories × locales in them; done: those that were there."""

    run_id: str
    chunks: int
    chunk_size: int
    stories: int
    todo: int
    done: int


def plan(app: App, file: CatalogFile, run_id: str, chunk_size: int = 0, budget: float | None = None) -> Plan:
    """Writes the run's chunks, and run.json last.

    chunk_size: stories in a chunk, 0 to choose. budget: US dollars, in place of the catalog's.
    Raises RequestError ("bad-catalog"): with the lines of the first faults; nothing is written then.
    """
    found, there = survey_with_made(app, file)
    if found.fault_count:
        told = "; ".join(f"line {fault.line}: {fault.told}" for fault in found.faults[:3])
        raise bad(
            f"{file.path.name} has {found.fault_count} faults ({told}): `stories catalog check` shows all"
        )
    run = Run(app.store, run_id)
    size = chunk_size or _size(app, found)
    size = max(size, math.ceil(found.todo_stories / _MOST_CHUNKS), 1)
    todo, done = _Kept(run, CHUNKS, size), _Kept(run, DONE, _LARGEST_CHUNK)
    for item in items(app, file):
        made = there.get(bytes.fromhex(item.id), frozenset())
        todo.add(replace(item, locales=tuple(one for one in item.locales if one not in made)))
        done.add(replace(item, locales=tuple(one for one in item.locales if one in made)))
    planned = Plan(run_id, todo.finish(), size, found.stories, found.todo, sum(found.done.values()))
    done.finish()
    settings = found.catalog.model_dump(mode="json") | ({} if budget is None else {"budget": budget})
    counts = planned.chunks, planned.stories, planned.todo, planned.done
    run.begin(About(settings, app.profile, *counts, began=time.time()))
    return planned


class _Kept:
    """Items gathered into numbered files of `size`."""

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
        """How many files there are."""
        if self._waiting:
            self._write()
        return self._number

    def _write(self) -> None:
        self._number += 1
        self._run.keep_items(self._kind, self._number, self._waiting)
        self._waiting = []


def _size(app: App, found: Survey) -> int:
    """Chunks so large that scheduling them is a small share of the work."""
    seconds: dict[str, float] = profile(app.profile)["batch"]
    locales = max(1.0, found.todo / max(1, found.todo_stories))
    a_story = seconds["write"] + locales * (seconds["translate"] + seconds["speak"])
    return min(_LARGEST_CHUNK, max(app.text.parallel, math.ceil(_CHUNK_SECONDS / a_story)))
