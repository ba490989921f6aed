"""An experiment's tables for people: a row or a column for each prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.experiment.decision import Decision
from pipeline.notebooks.experiment.forecast import Forecast
from pipeline.notebooks.experiment.intervals import contexts_for, contexts_to_detect
from pipeline.notebooks.experiment.measures import (
    CHECK,
    difference,
    drafts,
    level,
    paired,
    prompts,
    tokens_per_accepted,
)

if TYPE_CHECKING:
    from pandas import DataFrame

_MEANS = (
    "complete", "words", "ari", "coleman_liau", "lix", "rix", "repetition", "distinct_1", "distinct_2",
    "nearest", "english",
)  # fmt: skip
_SHARES = ("accepted", "accepted, 95 % from", "accepted, 95 % to", "complete", "english", "heroes (distinct)")
_DIGITS = {
    **dict.fromkeys(("drafts", "failed", "unsafe"), "{:d}"),
    **dict.fromkeys(_SHARES, "{:.0%}"),
    **dict.fromkeys(("words", "tokens per accepted"), "{:.0f}"),
    **dict.fromkeys(("seconds (median)", "attempts expected"), "{:.1f}"),
}


def compared(arms: Sequence[Arm]) -> DataFrame:
    """A row a prompt: settings, sizes, and why it is tried."""
    return _frame(
        "prompt",
        [
            {
                "prompt": arm.id,
                "plan": ", ".join(arm.spec["plan"]) or "none",
                "examples": len(arm.spec["examples"]),
                "temperature": arm.spec["temperature"],
                "dry": arm.spec.get("dry", 0.0),
                "why": arm.why,
            }
            for arm in arms
        ],
    )


def planned(forecasts: Mapping[str, Forecast]) -> DataFrame:
    """A row for each part of the experiment: what is still to be paid for."""
    return _frame(
        "",
        [
            {
                "": part,
                "drafts": item.cells,
                "cached": item.cached,
                "calls": item.usage.calls,
                "tokens": item.usage.prompt_tokens + item.usage.completion_tokens,
                "minutes": round(item.usage.seconds / 60, 1),
                "US$": item.dollars,
            }
            for part, item in forecasts.items()
        ],
    )


def summary(frame: DataFrame) -> DataFrame:
    """A row a prompt: means, and the accept rate with its interval."""
    return _frame("prompt", [_summary_row(frame, prompt) for prompt in prompts(frame)])


def formatted(frame: DataFrame) -> DataFrame:
    """summary() with a column a prompt, each figure with as many digits as it deserves."""
    figures = summary(frame)
    return figures.apply(lambda column: column.map(_DIGITS.get(str(column.name), "{:.2f}").format)).T


def check_rates(frame: DataFrame) -> DataFrame:
    """The share of drafts that pass each check, a column a prompt. Where checks refuse, the judge is called
    only for drafts that pass the rules, so its shares are of fewer."""
    names = [name for name in frame if str(name).startswith(CHECK)]
    shares = drafts(frame).groupby("prompt", sort=False)[names].mean().T
    return shares.rename(index=lambda name: str(name).removeprefix(CHECK))


def failures(frame: DataFrame) -> Any:
    """The drafts that are missing, and why, for display."""
    rows = frame[frame.failure != ""][["prompt", "context", "variant", "failure"]]
    return rows.style.format(escape="html").hide(axis="index").set_properties(**{"text-align": "start"})


def sample_sizes(frame: DataFrame, baseline: str) -> DataFrame:
    """How many contexts the accept rate's paired difference needs, from its observed spread; NaN where all
    contexts agree, so that the spread is unknown."""
    rows = []
    for name in (name for name in prompts(frame) if name != baseline):
        spread = float(paired(frame, baseline, name, "accepted").std())
        now = difference(frame, baseline, name, "accepted")
        known = spread > 0
        rows.append(
            {
                "prompt": name,
                "contexts now": now.n,
                "difference now": str(now),
                "spread": spread,
                "for ± 0.1": contexts_for(0.1, spread) if known else None,
                "to detect 0.2": contexts_to_detect(0.2, spread) if known else None,
                "to detect 0.1": contexts_to_detect(0.1, spread) if known else None,
            }
        )
    return _frame("prompt", rows)


def decided(decision: Decision) -> DataFrame:
    """The decision's figures, a row each."""
    rows = [{"candidate less baseline": name, **asdict(item)} for name, item in decision.figures.items()]
    names = {"mean": "difference", "low": "95 % from", "high": "to", "n": "contexts"}
    return _frame("candidate less baseline", rows).rename(columns=names).round(3)


def _summary_row(frame: DataFrame, prompt: str) -> dict[str, Any]:
    rows, rate = drafts(frame, prompt), level(frame, prompt, "accepted")
    return {
        "prompt": prompt,
        "drafts": len(rows),
        "failed": int((frame.prompt == prompt).sum()) - len(rows),
        "accepted": rate.mean,
        "accepted, 95 % from": rate.low,
        "accepted, 95 % to": rate.high,
        "attempts expected": 1 / rate.mean if rate.mean else float("inf"),
        "tokens per accepted": tokens_per_accepted(frame, prompt),
        "seconds (median)": rows.seconds.median(),
        # A draft without a named hero adds none.
        "heroes (distinct)": rows.hero[rows.hero != ""].nunique() / len(rows) if len(rows) else float("nan"),
        **{name: rows[name].mean() for name in _MEANS if name in rows},
        "unsafe": int(rows.unsafe.sum()),
    }


def _frame(index: str, rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    import pandas

    return pandas.DataFrame(rows).set_index(index)
