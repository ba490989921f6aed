"""A grid of prompts × contexts × variants, a first draft each, through the engines that remember.

What is finished is cached, so a run that was stopped goes on where it was, a second run asks nothing,
and a new prompt costs only itself.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pipeline.app import App
from pipeline.errors import ConfigError, EngineError, RequestError
from pipeline.notebooks.experiment.candidates import Arm
from pipeline.ports import Advance
from pipeline.steps import generate
from pipeline.steps.generate import Attempt
from pipeline.storage.cache import cached_usage
from pipeline.story import ideas
from pipeline.types import Prompt, StoryRequest, Usage

# What a cell may fail of by itself. What is missing on this machine, or a full disk, would fail them all.
_CELL_ERRORS = (EngineError, RequestError)


@dataclass(frozen=True, slots=True)
class Cell:
    """One draft. variant: gives the seed and the heroes' names, so (context, variant) is a pair across
    arms."""

    arm: Arm
    context: str
    variant: int

    def prompt(self, idea: str) -> Prompt:
        return self.arm.prompt.prompt(StoryRequest(self.context, self.variant), idea, 0)


@dataclass(frozen=True, slots=True)
class Idea:
    """A context in English; failure: why there is none, "" where there is."""

    text: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """usage: of the writing, when it was made. failure: why there is no draft, "" where there is."""

    cell: Cell
    idea: str
    tried: Attempt | None = None
    usage: Usage = field(default_factory=Usage)
    failure: str = ""


def cells(arms: Sequence[Arm], contexts: Sequence[str], variants: int) -> tuple[Cell, ...]:
    """An arm after the other: a local engine reads a prompt's worked examples once."""
    return tuple(
        Cell(arm, context, variant) for arm in arms for context in contexts for variant in range(variants)
    )


def in_english(app: App, contexts: Sequence[str]) -> dict[str, Idea]:
    """Each context as the writer is told it; those in other languages are translated, a remembered call
    each."""
    return {context: _idea(app, context) for context in contexts}


def known(app: App, cell: Cell, told: Idea) -> Usage | None:
    """What the cell's draft took, where it was written before. Asks nobody."""
    return None if told.failure else cached_usage(app.store, app.text, cell.prompt(told.text))


def run(app: App, grid: Sequence[Cell], told: dict[str, Idea], title: str) -> list[Outcome]:
    """A first draft of every cell, in the grid's order; app.text.parallel at a time, with a bar.

    A cell that fails is kept with its reason; the next run tries it again. Ctrl-C stops at the next word, and
    keeps what is finished. Raises ConfigError, StoreError: what would fail every cell.
    """
    from tqdm import tqdm

    progress = _Stopping()
    found: dict[int, Outcome] = {}
    with ThreadPoolExecutor(app.text.parallel) as pool:
        try:
            asked: dict[Future[Outcome], int] = {
                pool.submit(_outcome, app, cell, told[cell.context], progress): at
                for at, cell in enumerate(grid)
            }
            for done in tqdm(as_completed(asked), title, len(asked), unit="draft", file=sys.stdout):
                found[asked[done]] = done.result()
        except BaseException:  # Ctrl-C too, also while drafts are still being handed out
            progress.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [found[at] for at in range(len(grid))]


class _StoppedError(Exception):
    """The run is over; what this cell was writing is given up."""


class _Stopping:
    """A ports.Progress through which a run ends its drafts in mid-sentence."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        yield self._advance

    def note(self, text: str) -> None: ...

    def _advance(self, _: int) -> None:
        if self.stopped.is_set():
            raise _StoppedError


def _outcome(app: App, cell: Cell, told: Idea, progress: _Stopping) -> Outcome:
    if told.failure:
        return Outcome(cell, told.text, failure=told.failure)
    request = StoryRequest(cell.context, cell.variant)
    try:
        tried = generate.attempt(replace(app, prompt=cell.arm.prompt), request, told.text, 0, progress)
    except _CELL_ERRORS as error:
        return Outcome(cell, told.text, failure=f"{type(error).__name__}: {error}")
    return Outcome(cell, told.text, tried, known(app, cell, told) or Usage())


def _idea(app: App, context: str) -> Idea:
    try:
        return Idea(generate.in_english(app, ideas.accept(context, app.word_filter)))
    except ConfigError:
        raise
    except _CELL_ERRORS as error:
        return Idea(context, f"{type(error).__name__}: {error}")
