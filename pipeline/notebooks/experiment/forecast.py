"""What an experiment will take, before it begins: calls, tokens, minutes, money."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files

from pandas import Series

from pipeline.app import App
from pipeline.config.profiles import profile
from pipeline.errors import RequestError
from pipeline.notebooks.experiment.grading import Grader
from pipeline.notebooks.experiment.grid import Cell, Idea
from pipeline.storage import ledger
from pipeline.storage.cache import cached_completion, cached_usage
from pipeline.storage.ledger import Payment
from pipeline.story.checks import MOST_WORDS
from pipeline.types import Usage

# Three questions about a draft, each with the story once and a completion of a token or two.
_GRADING = Usage(3, 750, 6)


def forecast(
    app: App, grid: Sequence[Cell], english: Mapping[str, Idea], grader: Grader | None = None
) -> Series[float]:
    """drafts: all of the grid; cached: those that cost nothing now. calls, tokens, minutes of wall time, US$
    (NaN where an engine's price is not known): of what is still to come, judging and marks included. Calls no
    engine. Forecasts can be added.

    Tokens and seconds of a draft are the means of cached ones, else the project's and the profile's averages.
    """
    drafts = [cell for cell in grid if not english[cell.context].failure]
    cached = [usage for cell in drafts if (usage := cell.usage(app, english[cell.context]))]
    ungraded = sum(not _is_graded(app, grader, cell, english[cell.context]) for cell in drafts)
    usual_seconds = float(profile(app.profile)["batch"]["write"])
    writing = _times(len(drafts) - len(cached), _draft(app, cached, usual_seconds))
    # Grading takes about as long as a draft: the story is read once, and hardly anything is written.
    grading = _times(ungraded, replace(_GRADING, seconds=usual_seconds))
    calls = [Payment("complete", "draft", app.text.fingerprint, writing)]
    if grader is not None:
        calls.append(Payment("complete", "marks", grader.engine.fingerprint, grading))
    costs = ledger.rows([call for call in calls if call.usage.calls], ledger.price_table())
    usage = writing + grading
    figures = {
        "drafts": len(grid),
        "cached": len(cached),
        "calls": usage.calls,
        "tokens": usage.prompt_tokens + usage.completion_tokens,
        "minutes": round(usage.seconds / 60, 2),
        "US$": round(sum(math.nan if row.dollars is None else row.dollars for row in costs), 4),
    }
    return Series(figures, dtype=float)


def check_budget(planned: Series[float], budget: float) -> None:
    """Raises RequestError: it costs more than `budget` US$, or its cost is not known."""
    cost = planned["US$"]
    if math.isnan(cost):
        raise RequestError(
            "the engine has no price in pipeline/data/prices.toml, so no budget can hold: add its row",
            problem="bad-setting",
        )
    if cost > budget:
        raise RequestError(
            f"this would cost about {cost:.2f} US$, and the budget is {budget:.2f}: raise `budget`, or take "
            "fewer prompts, samplings, contexts or variants",
            problem="bad-setting",
        )


def _is_graded(app: App, grader: Grader | None, cell: Cell, idea: Idea) -> bool:
    """Whether nothing is left to grade: the draft's marks are cached, or none are wanted."""
    if grader is None:
        return True
    completion = cached_completion(app.store, app.text, cell.prompt(idea))
    if completion is None:
        return False
    draft = cell.arm.prompt.parse(completion, MOST_WORDS)
    prompts = grader.prompts(idea.text, draft.title, " ".join(draft.lines)).values()
    return all(cached_usage(app.store, grader.engine, prompt) is not None for prompt in prompts)


def _draft(app: App, cached: Sequence[Usage], usual_seconds: float) -> Usage:
    """A draft with its four questions. seconds: of wall time, so a share where several are made at once."""
    averages = tomllib.loads(files("pipeline").joinpath("data", "estimates.toml").read_text("utf-8"))
    writing, judging = Usage(**averages["write"], seconds=usual_seconds), Usage(**averages["judge"])
    if cached:
        total, count = sum(cached, Usage()), len(cached)
        writing = Usage(
            1,
            round(total.prompt_tokens / count),
            round(total.completion_tokens / count),
            seconds=total.seconds / count / app.text.parallel,
        )
    return writing + judging


def _times(count: int, usage: Usage) -> Usage:
    return sum([usage] * count, Usage())
