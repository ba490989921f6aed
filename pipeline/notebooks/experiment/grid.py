"""A grid of prompts × contexts × variants, a first draft each, through the cached engines.

Finished drafts are cached, so that an interrupted run continues, a second run calls no engine, and a new
prompt costs only its own drafts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

import numpy as np
from pandas import DataFrame
from tqdm import tqdm

from pipeline.app import App
from pipeline.errors import EngineError, RequestError
from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.scores import scores
from pipeline.notebooks.similarity import cosines
from pipeline.ports import NoProgress
from pipeline.steps import generate, verdicts
from pipeline.steps.idea import checked_idea
from pipeline.steps.idea import in_english as idea_in_english
from pipeline.storage.cache import cached_usage
from pipeline.story.checks import hero
from pipeline.types import Prompt, StoryRequest, Usage

# Failures of a single cell. Missing weights or a full disk would fail them all.
_CELL_ERRORS = (EngineError, RequestError)
# Columns that a table has even where no draft could be written.
_FIGURES = ("accepted", "complete", "unsafe", "tokens", "seconds", "words")
CHECK = "check: "
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Idea:
    """A context in English. failure: why it could not be translated or accepted; "" otherwise."""

    text: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One draft. variant: gives the seed and the heroes' names: (context, variant) is a pair across arms."""

    arm: Arm
    context: str
    variant: int

    def prompt(self, idea: Idea) -> Prompt:
        return self.arm.prompt.prompt(StoryRequest(self.context, self.variant), idea.text, 0)

    def usage(self, app: App, idea: Idea) -> Usage | None:
        """What the draft took when it was written; None where it is not cached. Calls no engine."""
        return cached_usage(app.store, app.text, self.prompt(idea))


def cells(arms: Sequence[Arm], contexts: Sequence[str], variants: int) -> tuple[Cell, ...]:
    """An arm after the other: a local engine then reads a prompt's worked examples once."""
    return tuple(
        Cell(arm, context, variant) for arm in arms for context in contexts for variant in range(variants)
    )


def in_english(app: App, contexts: Iterable[str]) -> dict[str, Idea]:
    """Each context as the writer receives it; other languages are translated by a cached call each."""
    return {context: _idea(app, context) for context in contexts}


def run(app: App, grid: Sequence[Cell], english: Mapping[str, Idea], title: str) -> DataFrame:
    """A first draft of every cell: a row each, in the grid's order, with a progress bar.

    failure: why there is no draft; its figures are then missing, and the next run tries it again. accepted:
    every check passed. complete: it ends, with all its lines. seconds, tokens: of the writing, when it was
    made. nearest: the cosine with the most similar draft of the same prompt and another context. Raises
    ConfigError, StoreError: what would fail every cell.
    """
    rows = in_parallel(lambda cell: _row(app, cell, english[cell.context]), grid, app.text.parallel, title)
    frame = DataFrame(rows)
    frame = frame.reindex(columns=[*frame, *(name for name in _FIGURES if name not in frame)])
    frame["nearest"] = _nearest(frame)
    return frame


def in_parallel(
    call: Callable[[_Item], _Result], items: Sequence[_Item], workers: int, title: str
) -> list[_Result]:
    """The results in order. Ctrl-C begins no more calls: it keeps, and waits for, those under way."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            return list(tqdm(pool.map(call, items), title, len(items), unit="draft", file=sys.stdout))
        except BaseException:  # Ctrl-C too
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _idea(app: App, context: str) -> Idea:
    try:
        return Idea(idea_in_english(app, checked_idea(app, context)))
    except _CELL_ERRORS as error:
        return Idea(context, _in_words(error))


def _row(app: App, cell: Cell, idea: Idea) -> dict[str, Any]:
    row = {
        "prompt": cell.arm.id,
        "context": cell.context,
        "variant": cell.variant,
        "idea": idea.text,
        "failure": idea.failure,
        **dict.fromkeys(("title", "text", "hero", "refused"), ""),
    }
    if idea.failure:
        return row
    request = StoryRequest(cell.context, cell.variant)
    try:
        attempt = generate.attempt(replace(app, prompt=cell.arm.prompt), request, idea.text, 0, NoProgress())
    except _CELL_ERRORS as error:
        return row | {"failure": _in_words(error)}
    return row | _figures(attempt, cell.usage(app, idea) or Usage())


def _figures(attempt: generate.Attempt, usage: Usage) -> dict[str, Any]:
    checks = {check.name: check for check in attempt.checks}
    text = " ".join(attempt.draft.lines)
    return {
        "title": attempt.draft.title,
        "text": text,
        "hero": hero(attempt.draft, text),
        "accepted": float(not attempt.failed),
        "refused": verdicts.reasons(attempt.failed),
        "complete": float(attempt.draft.whole),
        "unsafe": float(not checks["gentle words"].passed),
        "english": checks["English"].figure,
        "seconds": usage.seconds,
        "tokens": usage.prompt_tokens + usage.completion_tokens,
        **asdict(scores(text)),
        **{f"{CHECK}{name}": float(check.passed) for name, check in checks.items()},
    }


def _nearest(frame: DataFrame) -> Any:
    """0 to 1; NaN where there is nothing to compare with. Within a context the idea's own words would be
    similar. Words are weighted over all prompts' drafts together."""
    prompt, context = frame.prompt.to_numpy(), frame.context.to_numpy()
    exists = (frame.failure == "").to_numpy()
    comparable = (prompt[:, None] == prompt) & (context[:, None] != context) & exists
    nearest = np.where(comparable, cosines(list(frame.text)), -1.0).max(axis=1, initial=-1.0)
    return np.where(exists & (nearest >= 0), nearest, np.nan)


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
