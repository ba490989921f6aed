"""What an experiment will take, before it begins: calls, tokens, seconds, money."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from pipeline.app import App
from pipeline.config.profiles import profile
from pipeline.errors import RequestError
from pipeline.notebooks.experiment.grading import Grader
from pipeline.notebooks.experiment.grid import Cell, Idea, draft_usage
from pipeline.storage import ledger
from pipeline.storage.cache import cached_completion, cached_usage
from pipeline.storage.ledger import Payment
from pipeline.story.checks import MOST_WORDS
from pipeline.types import Usage

# Three questions about a draft, each with the story once and a completion of a token or two.
_GRADING = Usage(3, 750, 6)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of the calls that are still to come. cells: all; cached: drafts that cost nothing now. usage: calls of
    the writer, its judging and the grader; its seconds are of wall time. dollars: None where an engine's
    price is not known."""

    cells: int
    cached: int
    usage: Usage
    dollars: float | None

    def __add__(self, other: Forecast) -> Forecast:
        dollars = _sum_of_known([self.dollars, other.dollars])
        return Forecast(
            self.cells + other.cells, self.cached + other.cached, self.usage + other.usage, dollars
        )


def forecast(
    app: App, grid: Sequence[Cell], english: Mapping[str, Idea], grader: Grader | None = None
) -> Forecast:
    """Tokens and seconds of a draft are the means of cached ones, else the project's and the profile's
    averages. Each new draft is counted with all its judging and grading, a cached one with its grading, if
    its marks are not cached."""
    cells = [cell for cell in grid if not english[cell.context].failure]
    usages = [draft_usage(app, cell, english[cell.context]) for cell in cells]
    cached = [usage for usage in usages if usage is not None]
    new = len(cells) - len(cached)
    writing = sum([_draft(app, cached)] * new, Usage())
    dollars = [_dollars(app.text.fingerprint, writing)] if new else []
    grading = Usage()
    if grader is not None:
        ungraded = sum(
            not _is_graded(app, grader, cell, english[cell.context])
            for cell, usage in zip(cells, usages, strict=True)
            if usage is not None
        )
        # Grading takes about as long as a draft: the story is read once, and hardly anything is written.
        seconds = writing.seconds + _usual_seconds(app) * ungraded
        grading = replace(sum([_GRADING] * (new + ungraded), Usage()), seconds=seconds)
        if grading.calls:
            dollars.append(_dollars(grader.engine.fingerprint, grading))
    return Forecast(len(grid), len(cached), writing + grading, _sum_of_known(dollars))


def dearest(forecasts: Iterable[Forecast]) -> Forecast:
    """The most expensive of several alternatives (an unknown price counts as the highest); of equals, the
    longest."""
    return max(
        forecasts, key=lambda item: (math.inf if item.dollars is None else item.dollars, item.usage.seconds)
    )


def check_budget(planned: Forecast, budget: float) -> None:
    """Raises RequestError: it costs more than `budget` US$, or its cost is not known."""
    if planned.dollars is None:
        raise RequestError(
            "the engine has no price in pipeline/data/prices.toml, so no budget can hold: add its row",
            problem="bad-setting",
        )
    if planned.dollars > budget:
        raise RequestError(
            f"this would cost about {planned.dollars:.2f} US$, and the budget is {budget:.2f}: raise "
            "`budget`, or take fewer prompts, samplings, contexts or variants",
            problem="bad-setting",
        )


def _is_graded(app: App, grader: Grader, cell: Cell, idea: Idea) -> bool:
    """Whether the marks of a cached draft are cached too."""
    completion = cached_completion(app.store, app.text, cell.prompt(idea.text))
    if completion is None:
        return False
    draft = cell.arm.prompt.parse(completion, MOST_WORDS)
    prompts = grader.prompts(idea.text, draft.title, " ".join(draft.lines)).values()
    return all(cached_usage(app.store, grader.engine, prompt) is not None for prompt in prompts)


def _draft(app: App, cached: Sequence[Usage]) -> Usage:
    """A draft with its four questions. seconds: of wall time, so a share where several are made at once."""
    averages = tomllib.loads(files("pipeline").joinpath("data", "estimates.toml").read_text("utf-8"))
    writing, judging = Usage(**averages["write"], seconds=_usual_seconds(app)), Usage(**averages["judge"])
    if cached:
        total, count = sum(cached, Usage()), len(cached)
        writing = Usage(
            1,
            round(total.prompt_tokens / count),
            round(total.completion_tokens / count),
            seconds=total.seconds / count / app.text.parallel,
        )
    return writing + judging


def _usual_seconds(app: App) -> float:
    """The profile's average for a draft."""
    return float(profile(app.profile)["batch"]["write"])


def _dollars(engine: str, usage: Usage) -> float | None:
    (row,) = ledger.rows([Payment("complete", "draft", engine, usage)], ledger.price_table())
    return row.dollars


def _sum_of_known(dollars: Iterable[float | None]) -> float | None:
    """None where a part is not known."""
    parts = list(dollars)
    return None if None in parts else round(sum(part for part in parts if part is not None), 4)
