"""What an experiment will take, before it is begun: calls, tokens, seconds, money."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pipeline.app import App
from pipeline.config.profiles import profile
from pipeline.errors import RequestError
from pipeline.notebooks.experiment.grading import Grader
from pipeline.notebooks.experiment.grid import Cell, Idea, known
from pipeline.storage import ledger
from pipeline.storage.cache import cached_completion, cached_usage
from pipeline.storage.ledger import Payment
from pipeline.story.checks import MOST_WORDS
from pipeline.types import Usage

# Three questions about a draft, each with the story once and an answer of a token or two.
_GRADING = Usage(3, 750, 6)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of what is left to make. cells: all; remembered: drafts that cost nothing now. usage: calls of the
    writer, its judging and the grader. seconds: of the wall's clock. dollars: None where an engine's price
    is not known.
    """

    cells: int
    remembered: int
    usage: Usage
    seconds: float
    dollars: float | None

    def __add__(self, other: Forecast) -> Forecast:
        both = None if self.dollars is None or other.dollars is None else self.dollars + other.dollars
        return Forecast(
            self.cells + other.cells,
            self.remembered + other.remembered,
            self.usage + other.usage,
            self.seconds + other.seconds,
            both,
        )


def forecast(
    app: App, grid: Sequence[Cell], told: Mapping[str, Idea], grader: Grader | None = None
) -> Forecast:
    """Tokens of a draft are those of what is remembered (of the same prompt, else of any), else the
    project's means; seconds likewise, else the profile's. All judging of what is left is counted as asked,
    and all grading but of remembered drafts whose marks are cached, too."""
    found = [(cell, known(app, cell, told[cell.context])) for cell in grid if not told[cell.context].failure]
    there: dict[str, list[Usage]] = {}
    for cell, usage in found:
        if usage is not None:
            there.setdefault(cell.arm.id, []).append(usage)
    left = [cell for cell, usage in found if usage is None]
    means = tomllib.loads(files("pipeline").joinpath("data", "estimates.toml").read_text("utf-8"))
    usual = float(profile(app.profile)["batch"]["write"])
    drafts = [_draft(app, there, cell, means, usual) for cell in left]
    seconds = sum(one.seconds for one in drafts)
    written = _sum(drafts)
    dollars = [_dollars(app.text.fingerprint, written)] if left else []
    graded = Usage()
    if grader is not None:
        ungraded = sum(
            not _is_graded(app, grader, cell, told[cell.context]) for cell, usage in found if usage
        )
        graded = _sum([_GRADING] * (len(left) + ungraded))
        # A question is a fraction of a draft: the story is read once, and hardly anything is written.
        marking = seconds + usual * ungraded
        dollars.append(_dollars(grader.engine.fingerprint, Usage(seconds=marking)) if graded.calls else 0.0)
        seconds += marking
    known_prices = [one for one in dollars if one is not None]
    total = round(sum(known_prices), 4) if len(known_prices) == len(dollars) else None
    return Forecast(len(grid), len(found) - len(left), written + graded, round(seconds, 1), total)


def dearest(forecasts: Iterable[Forecast]) -> Forecast:
    """Of several, where it is known later which will be made; of equals, the longest."""
    return max(forecasts, key=lambda one: (math.inf if one.dollars is None else one.dollars, one.seconds))


def within(planned: Forecast, budget: float) -> None:
    """Raises RequestError: it costs more than `budget` US$, or nobody knows what it costs."""
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


def _is_graded(app: App, grader: Grader, cell: Cell, told: Idea) -> bool:
    """Whether a remembered draft's marks are cached, too."""
    completion = cached_completion(app.store, app.text, cell.prompt(told.text))
    if completion is None:
        return False
    draft = cell.arm.prompt.parse(completion, MOST_WORDS)
    asked = grader.prompts(told.text, draft.title, " ".join(draft.lines)).values()
    return all(cached_usage(app.store, grader.engine, prompt) is not None for prompt in asked)


def _draft(
    app: App, there: Mapping[str, list[Usage]], cell: Cell, means: Mapping[str, Any], usual: float
) -> Usage:
    """A draft and its four questions. seconds: of the wall, so a share where several are made at once."""
    judged = means["judge"]
    near = there.get(cell.arm.id) or [one for many in there.values() for one in many]
    if near:
        one = _mean(near)
        written, seconds = one, one.seconds / app.text.parallel
    else:
        written, seconds = (
            Usage(1, means["write"]["prompt_tokens"], means["write"]["completion_tokens"]),
            usual,
        )
    return Usage(
        1 + judged["calls"],
        written.prompt_tokens + judged["prompt_tokens"],
        written.completion_tokens + judged["completion_tokens"],
        seconds=seconds,
    )


def _mean(many: Sequence[Usage]) -> Usage:
    told, count = _sum(many), len(many)
    return Usage(
        1,
        round(told.prompt_tokens / count),
        round(told.completion_tokens / count),
        seconds=told.seconds / count,
    )


def _sum(many: Iterable[Usage]) -> Usage:
    return sum(many, Usage())


def _dollars(engine: str, usage: Usage) -> float | None:
    (row,) = ledger.rows([Payment("complete", "draft", engine, usage)], ledger.price_table())
    return row.dollars
