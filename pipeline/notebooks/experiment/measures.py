"""Drafts as a table, a row each with its figures; and rows as figures of a context each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.notebooks.experiment import intervals
from pipeline.notebooks.experiment.grid import Outcome
from pipeline.notebooks.experiment.intervals import Interval
from pipeline.notebooks.scores import scores
from pipeline.notebooks.similarity import cosines
from pipeline.steps.generate import reasons
from pipeline.story.checks import hero

if TYPE_CHECKING:
    from pandas import DataFrame, Series

RATES = ("accepted", "complete", "unsafe")
CHECK = "check: "
_PAIR = ["context", "variant"]


def table(outcomes: Sequence[Outcome]) -> DataFrame:
    """A row a draft. failure: why there is none; its figures are then missing. accepted: every check passed.
    complete: it ends, with all its lines. seconds, tokens: of the writing, when it was made. nearest: the
    cosine with the most similar draft of the same prompt and another context."""
    import pandas

    frame = pandas.DataFrame([_row(outcome) for outcome in outcomes])
    for name in (*RATES, "tokens", "seconds", "words"):
        if name not in frame:
            frame[name] = float("nan")
    frame["nearest"] = _nearest(frame)
    return frame


def drafts(frame: DataFrame, prompt: str = "") -> DataFrame:
    """The rows that have a draft: of one prompt, or ("") of all."""
    rows = frame[frame.failure == ""]
    return rows[rows.prompt == prompt] if prompt else rows


def prompts(frame: DataFrame) -> list[str]:
    """The ids, in the order of the rows."""
    return list(dict.fromkeys(frame.prompt))


def by_context(frame: DataFrame, prompt: str, figure: str) -> Series[float]:
    """The mean over a context's drafts by this prompt."""
    return drafts(frame, prompt).groupby("context")[figure].mean().astype(float).dropna()


def paired(frame: DataFrame, baseline: str, candidate: str, figure: str) -> Series[float]:
    """The candidate's figure less the baseline's, a mean a context, over pairs of which both exist."""
    by_pair = drafts(frame).pivot(index=_PAIR, columns="prompt", values=figure).astype(float)
    by_pair = by_pair.reindex(columns=[baseline, candidate])
    return (by_pair[candidate] - by_pair[baseline]).dropna().groupby(level="context").mean()


def level(frame: DataFrame, prompt: str, figure: str) -> Interval:
    """A prompt's mean, with its interval over contexts."""
    values = list(by_context(frame, prompt, figure))
    return intervals.rate(values) if figure in RATES else intervals.mean(values)


def difference(frame: DataFrame, baseline: str, candidate: str, figure: str) -> Interval:
    """The mean paired difference, with its interval over contexts."""
    values = list(paired(frame, baseline, candidate, figure))
    return intervals.rate_difference(values) if figure in RATES else intervals.mean(values)


def tokens_per_accepted(frame: DataFrame, prompt: str) -> float:
    """Tokens read and written by all drafts of the prompt, for each accepted one; infinite where none is."""
    rows = drafts(frame, prompt)
    accepted = float(rows.accepted.sum())
    return float(rows.tokens.sum()) / accepted if accepted else float("inf")


def token_difference(frame: DataFrame, baseline: str, candidate: str) -> Interval:
    """Tokens for each accepted story, the candidate's less the baseline's, over pairs of which both exist."""
    new, old = (
        drafts(frame, name).set_index(_PAIR)[["tokens", "accepted"]] for name in (candidate, baseline)
    )
    pairs = new.merge(old, left_index=True, right_index=True, suffixes=("", "_baseline"))
    sums = pairs.astype(float).groupby(level="context").sum()
    return intervals.ratio_difference(*(list(sums[name]) for name in sums.columns))


def _row(outcome: Outcome) -> dict[str, Any]:
    cell = outcome.cell
    row: dict[str, Any] = {
        "prompt": cell.arm.id,
        "context": cell.context,
        "variant": cell.variant,
        "idea": outcome.idea,
        "failure": outcome.failure,
        **dict.fromkeys(("title", "text", "hero", "refused"), ""),
    }
    if outcome.attempt is None:
        return row
    draft = outcome.attempt.draft
    checks = {check.name: check for check in outcome.attempt.checks}
    text = " ".join(draft.lines)
    return row | {
        "title": draft.title,
        "text": text,
        "hero": hero(draft, text),
        "accepted": float(not outcome.attempt.failed),
        "refused": reasons(outcome.attempt.failed),
        "complete": float(draft.whole),
        "unsafe": float(not checks["gentle words"].passed),
        "english": checks["English"].figure,
        "seconds": outcome.usage.seconds,
        "tokens": outcome.usage.prompt_tokens + outcome.usage.completion_tokens,
        **asdict(scores(text)),
        **{f"{CHECK}{name}": float(check.passed) for name, check in checks.items()},
    }


def _nearest(frame: DataFrame) -> Any:
    """0 to 1; NaN where there is nothing to compare with. Within a context the idea's own words would be
    similar. Words are weighted over all prompts' drafts together."""
    import numpy as np

    prompt, context = frame.prompt.to_numpy(), frame.context.to_numpy()
    exists = (frame.failure == "").to_numpy()
    comparable = (prompt[:, None] == prompt) & (context[:, None] != context) & exists
    nearest = np.where(comparable, cosines(list(frame.text)), -1.0).max(axis=1, initial=-1.0)
    return np.where(exists & (nearest >= 0), nearest, np.nan)
