"""Drafts as a table: a row each with what was found of it; and rows as figures, a context each."""

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
PAIR = ["context", "variant"]


def table(outcomes: Sequence[Outcome]) -> DataFrame:
    """A row a draft. failure: why there is none; its figures are then missing. accepted: every check passed.
    complete: it ends, with all its lines. seconds, tokens: of the writing, when it was made. nearest: see
    below."""
    import pandas

    frame = pandas.DataFrame([_row(one) for one in outcomes])
    for name in (*RATES, "tokens", "seconds", "words", "nearest"):
        if name not in frame:
            frame[name] = float("nan")
    frame["nearest"] = _nearest(frame)
    return frame


def made(frame: DataFrame, prompt: str = "") -> DataFrame:
    """The rows that have a draft; of one prompt, where it is said."""
    rows = frame[frame.failure == ""]
    return rows[rows.prompt == prompt] if prompt else rows


def prompts(frame: DataFrame) -> list[str]:
    """In the order in which they were asked."""
    return list(dict.fromkeys(frame.prompt))


def by_context(frame: DataFrame, prompt: str, figure: str) -> Series[float]:
    """The mean over a context's drafts by this prompt."""
    return made(frame, prompt).groupby("context", sort=True)[figure].mean().astype(float).dropna()


def paired(frame: DataFrame, baseline: str, candidate: str, figure: str) -> Series[float]:
    """The candidate's figure less the baseline's, a mean a context, over pairs of which both are there."""
    one, other = (made(frame, name).set_index(PAIR)[figure].astype(float) for name in (candidate, baseline))
    return (one - other).dropna().groupby(level="context", sort=True).mean()


def level(frame: DataFrame, prompt: str, figure: str) -> Interval:
    """A prompt's mean, with its interval over contexts."""
    told = list(by_context(frame, prompt, figure))
    return intervals.rate(told) if figure in RATES else intervals.mean(told)


def difference(frame: DataFrame, baseline: str, candidate: str, figure: str) -> Interval:
    told = list(paired(frame, baseline, candidate, figure))
    return intervals.rate_difference(told) if figure in RATES else intervals.mean(told)


def tokens_per_accepted(frame: DataFrame, prompt: str) -> float:
    """Read and written, all drafts of the prompt, for each accepted one; infinite where none is."""
    rows = made(frame, prompt)
    accepted = float(rows.accepted.sum())
    return float(rows.tokens.sum()) / accepted if accepted else float("inf")


def token_difference(frame: DataFrame, baseline: str, candidate: str) -> Interval:
    """Of tokens for each accepted story, the candidate's less the baseline's, over pairs of which both are
    there."""
    one, other = (made(frame, name).set_index(PAIR)[["tokens", "accepted"]] for name in (candidate, baseline))
    both = (
        one.merge(other, left_index=True, right_index=True, suffixes=("_a", "_b"))
        .astype(float)
        .groupby(level="context")
        .sum()
    )
    return intervals.ratio_difference(
        *(list(both[name]) for name in ("tokens_a", "accepted_a", "tokens_b", "accepted_b"))
    )


def _row(one: Outcome) -> dict[str, Any]:
    cell = one.cell
    row: dict[str, Any] = {
        "prompt": cell.arm.id,
        "context": cell.context,
        "variant": cell.variant,
        "idea": one.idea,
        "failure": one.failure,
        "title": "",
        "text": "",
        "hero": "",
        "refused": "",
    }
    if one.tried is None:
        return row
    draft, checked = one.tried.draft, {check.name: check for check in one.tried.checks}
    text = " ".join(draft.lines)
    return row | {
        "title": draft.title,
        "text": text,
        "hero": hero(draft, text),
        "accepted": float(not one.tried.failed),
        "refused": reasons(one.tried.failed),
        "complete": float(draft.whole),
        "unsafe": float(not checked["gentle words"].passed),
        "english": checked["English"].figure,
        "seconds": one.usage.seconds,
        "prompt_tokens": one.usage.prompt_tokens,
        "completion_tokens": one.usage.completion_tokens,
        "tokens": one.usage.prompt_tokens + one.usage.completion_tokens,
        **asdict(scores(text)),
        **{f"check: {name}": float(check.passed) for name, check in checked.items()},
    }


def _nearest(frame: DataFrame) -> Any:
    """How alike each draft is to the one most like it of the same prompt and another context: 0 to 1. Of the
    same context it would be the idea's words that are alike. Words are weighed over all prompts' drafts
    together."""
    import numpy as np

    alike = cosines(list(frame.text))
    of = frame.prompt.to_numpy()
    about, there = frame.context.to_numpy(), (frame.failure == "").to_numpy()
    fits = (of[:, None] == of[None, :]) & (about[:, None] != about[None, :]) & there[None, :]
    nearest = np.where(fits, alike, -1.0).max(axis=1, initial=-1.0)
    return np.where(there & (nearest >= 0), nearest, np.nan)
