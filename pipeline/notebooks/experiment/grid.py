"""A grid of prompts × contexts × variants, a first draft each, through the cached engines.

Finished drafts are cached, so that an interrupted run continues, a second run calls no engine, and a new
prompt costs only its own drafts.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
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

# Failures of a single cell. Missing weights or a full disk would fail them all.
_CELL_ERRORS = (EngineError, RequestError)


@dataclass(frozen=True, slots=True)
class Cell:
    """One draft. variant: gives the seed and the heroes' names: (context, variant) is a pair across arms."""

    arm: Arm
    context: str
    variant: int

    def prompt(self, idea: str) -> Prompt:
        return self.arm.prompt.prompt(StoryRequest(self.context, self.variant), idea, 0)


@dataclass(frozen=True, slots=True)
class Idea:
    """A context in English. failure: why it could not be translated or accepted; "" otherwise."""

    text: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """usage: of the writing, when the draft was made. failure: why there is no draft; "" where there is."""

    cell: Cell
    idea: str
    attempt: Attempt | None = None
    usage: Usage = field(default_factory=Usage)
    failure: str = ""


def cells(arms: Sequence[Arm], contexts: Sequence[str], variants: int) -> tuple[Cell, ...]:
    """An arm after the other: a local engine then reads a prompt's worked examples once."""
    return tuple(
        Cell(arm, context, variant) for arm in arms for context in contexts for variant in range(variants)
    )


def in_english(app: App, contexts: Sequence[str]) -> dict[str, Idea]:
    """Each context as the writer receives it; other languages are translated by a cached call each."""
    return {context: _idea(app, context) for context in contexts}


def draft_usage(app: App, cell: Cell, idea: Idea) -> Usage | None:
    """What the cell's draft took when it was written; None where it is not cached. Calls no engine."""
    return None if idea.failure else cached_usage(app.store, app.text, cell.prompt(idea.text))


def run(app: App, grid: Sequence[Cell], english: Mapping[str, Idea], title: str) -> list[Outcome]:
    """A first draft of every cell, in the grid's order; app.text.parallel at a time, with a progress bar.

    A failed cell is kept with its reason; the next run tries it again. Ctrl-C stops at the next word, and
    keeps what is finished. Raises ConfigError, StoreError: what would fail every cell.
    """
    from tqdm import tqdm

    progress = _StopSignal()
    outcomes: dict[int, Outcome] = {}
    with ThreadPoolExecutor(app.text.parallel) as pool:
        try:
            futures = {
                pool.submit(_outcome, app, cell, english[cell.context], progress): index
                for index, cell in enumerate(grid)
            }
            for future in tqdm(as_completed(futures), title, len(futures), unit="draft", file=sys.stdout):
                outcomes[futures[future]] = future.result()
        except BaseException:  # Ctrl-C too, also while drafts are still being submitted
            progress.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [outcomes[index] for index in range(len(grid))]


class _StoppedError(Exception):
    """The run has ended; the draft in progress is dropped."""


class _StopSignal:
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


def _outcome(app: App, cell: Cell, idea: Idea, progress: _StopSignal) -> Outcome:
    if idea.failure:
        return Outcome(cell, idea.text, failure=idea.failure)
    request = StoryRequest(cell.context, cell.variant)
    try:
        attempt = generate.attempt(replace(app, prompt=cell.arm.prompt), request, idea.text, 0, progress)
    except _CELL_ERRORS as error:
        return Outcome(cell, idea.text, failure=_in_words(error))
    return Outcome(cell, idea.text, attempt, draft_usage(app, cell, idea) or Usage())


def _idea(app: App, context: str) -> Idea:
    try:
        return Idea(generate.in_english(app, ideas.accept(context, app.word_filter)))
    except ConfigError:
        raise
    except _CELL_ERRORS as error:
        return Idea(context, _in_words(error))


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
