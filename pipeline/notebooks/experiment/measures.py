"""Figures of a table of drafts (grid.run): of each prompt, and of a candidate less the baseline."""

from __future__ import annotations

from typing import Any

from pandas import DataFrame, Series

from pipeline.notebooks.experiment import intervals
from pipeline.notebooks.experiment.grid import CHECK
from pipeline.notebooks.experiment.intervals import Interval, contexts_for, contexts_to_detect

_RATES = ("accepted", "complete", "unsafe")
_PAIR = ["context", "variant"]
_MEANS = (
    "complete", "words", "ari", "coleman_liau", "lix", "rix", "repetition", "distinct_1", "distinct_2",
    "nearest", "english",
)  # fmt: skip
_FORMATS = {"complete": ".0%", "english": ".0%", "words": ".0f"}


def drafts(frame: DataFrame, prompt: str = "") -> DataFrame:
    """The rows that have a draft: of one prompt, or ("") of all."""
    rows = frame[frame.failure == ""]
    return rows[rows.prompt == prompt] if prompt else rows


def prompts(frame: DataFrame, baseline: str = "") -> list[str]:
    """The ids, in the order of the rows, without the baseline's."""
    return [name for name in frame.prompt.unique() if name != baseline]


def by_context(frame: DataFrame, prompt: str, figure: str) -> Series[float]:
    """The mean over a context's drafts by this prompt."""
    return drafts(frame, prompt).groupby("context")[figure].mean().astype(float).dropna()


def paired(frame: DataFrame, baseline: str, candidate: str, figure: str) -> Series[float]:
    """The candidate's figure less the baseline's, a mean a context, over pairs of which both exist."""
    new, old = (drafts(frame, name).set_index(_PAIR)[figure].astype(float) for name in (candidate, baseline))
    return (new - old).dropna().groupby(level="context").mean()


def level(frame: DataFrame, prompt: str, figure: str) -> Interval:
    """A prompt's mean, with its interval over contexts."""
    values = list(by_context(frame, prompt, figure))
    return intervals.rate(values) if figure in _RATES else intervals.mean(values)


def difference(frame: DataFrame, baseline: str, candidate: str, figure: str) -> Interval:
    """The mean paired difference, with its interval over contexts."""
    values = list(paired(frame, baseline, candidate, figure))
    return intervals.rate_difference(values) if figure in _RATES else intervals.mean(values)


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


def summary(frame: DataFrame) -> DataFrame:
    """For people: a column a prompt, each figure with as many digits as it deserves."""
    return DataFrame({prompt: _summary(frame, prompt) for prompt in prompts(frame)})


def _summary(frame: DataFrame, prompt: str) -> dict[str, str]:
    rows, rate = drafts(frame, prompt), level(frame, prompt, "accepted")
    heroes = rows.hero[rows.hero != ""].nunique()  # a draft without a named hero adds none
    return {
        "drafts": f"{len(rows)}",
        "failed": f"{(frame.prompt == prompt).sum() - len(rows)}",
        "accepted": f"{rate.mean:.0%}",
        "accepted, 95 %": f"{rate.low:.0%} to {rate.high:.0%}",
        "attempts expected": f"{1 / rate.mean if rate.mean else float('inf'):.1f}",
        "tokens per accepted": f"{tokens_per_accepted(frame, prompt):.0f}",
        "seconds (median)": f"{rows.seconds.median():.1f}",
        "heroes (distinct)": f"{heroes / len(rows):.0%}" if len(rows) else "nan",
        **{name: f"{rows[name].mean():{_FORMATS.get(name, '.2f')}}" for name in _MEANS if name in rows},
        "unsafe": f"{rows.unsafe.sum():.0f}",
    }


def check_rates(frame: DataFrame) -> DataFrame:
    """The share of drafts that pass each check, a column a prompt. Where checks refuse, the judge is called
    only for drafts that pass the rules, so its shares are of fewer."""
    names = [name for name in frame if str(name).startswith(CHECK)]
    shares = drafts(frame).groupby("prompt", sort=False)[names].mean().T
    return shares.rename(index=lambda name: str(name).removeprefix(CHECK))


def failures(frame: DataFrame) -> Any:
    """The drafts that are missing, and why, for display."""
    rows = frame[frame.failure != ""][["prompt", *_PAIR, "failure"]]
    return rows.style.format(escape="html").hide(axis="index").set_properties(**{"text-align": "start"})


def sample_sizes(frame: DataFrame, baseline: str) -> DataFrame:
    """How many contexts the accept rate's paired difference needs, from its observed spread; NaN where all
    contexts agree, so that the spread is unknown."""
    rows = {}
    for name in prompts(frame, baseline):
        spread = float(paired(frame, baseline, name, "accepted").std()) or float("nan")
        now = difference(frame, baseline, name, "accepted")
        rows[name] = {
            "contexts now": now.n,
            "difference now": str(now),
            "spread": spread,
            "for ± 0.1": contexts_for(0.1, spread),
            "to detect 0.2": contexts_to_detect(0.2, spread),
            "to detect 0.1": contexts_to_detect(0.1, spread),
        }
    return DataFrame.from_dict(rows, orient="index")
