"""An experiment's tables, for people: a row or a column a prompt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.experiment.decision import Decision
from pipeline.notebooks.experiment.forecast import Forecast
from pipeline.notebooks.experiment.intervals import contexts_for, contexts_to_see
from pipeline.notebooks.experiment.measures import (
    difference,
    level,
    made,
    paired,
    prompts,
    tokens_per_accepted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame


def tried(arms: Sequence[Arm]) -> DataFrame:
    """What is compared: settings, sizes, and why."""
    import pandas

    rows = [
        {
            "prompt": arm.id,
            "plan": ", ".join(arm.spec["plan"]) or "none",
            "examples": len(arm.spec["examples"]),
            "temperature": arm.spec["temperature"],
            "dry": arm.spec.get("dry", 0.0),
            "why": arm.why,
        }
        for arm in arms
    ]
    return pandas.DataFrame(rows).set_index("prompt")


def planned(forecasts: Mapping[str, Forecast]) -> DataFrame:
    """A row a part of the experiment: what is left to pay for."""
    import pandas

    rows = [
        {
            "": name,
            "drafts": one.cells,
            "remembered": one.remembered,
            "calls": one.usage.calls,
            "tokens": one.usage.prompt_tokens + one.usage.completion_tokens,
            "minutes": round(one.seconds / 60, 1),
            "US$": one.dollars,
        }
        for name, one in forecasts.items()
    ]
    return pandas.DataFrame(rows).set_index("")


def summary(frame: DataFrame) -> DataFrame:
    """A row a prompt, for people to read: means, the accept rate with its interval."""
    import pandas

    rows = []
    for prompt in prompts(frame):
        there, rate = made(frame, prompt), level(frame, prompt, "accepted")
        rows.append(
            {
                "prompt": prompt,
                "drafts": len(there),
                "failed": int((frame.prompt == prompt).sum()) - len(there),
                "accepted": rate.mean,
                "accepted, 95 % from": rate.low,
                "accepted, 95 % to": rate.high,
                "attempts expected": 1 / rate.mean if rate.mean else float("inf"),
                "tokens per accepted": tokens_per_accepted(frame, prompt),
                "seconds (median)": there.seconds.median(),
                "heroes (distinct)": _distinct_heroes(there),
                **{name: there[name].mean() for name in _MEANS if name in there},
                "unsafe": int(there.unsafe.sum()),
            }
        )
    return pandas.DataFrame(rows).set_index("prompt")


def _distinct_heroes(there: DataFrame) -> float:
    """Over all drafts; one without a named hero adds none."""
    return float(there.hero[there.hero != ""].nunique() / len(there)) if len(there) else float("nan")


_MEANS = (
    "complete", "words", "ari", "coleman_liau", "lix", "rix", "repetition", "distinct_1", "distinct_2",
    "nearest", "english",
)  # fmt: skip


def checks(frame: DataFrame) -> DataFrame:
    """The share of drafts that pass each check, a column a prompt; the judge is asked only of those that
    pass the rules (where checks refuse), so its shares are of fewer."""
    names = [name for name in frame if str(name).startswith("check: ")]
    told = made(frame).groupby("prompt", sort=False)[names].mean().T
    return told.rename(index=lambda name: str(name).removeprefix("check: "))


def shown(frame: DataFrame) -> DataFrame:
    """summary() with a column a prompt, each figure with the digits that it deserves."""
    told = summary(frame)
    for name in told:
        told[name] = told[name].map(_DIGITS.get(str(name), "{:.2f}").format)
    return told.T


_SHARES = ("accepted", "accepted, 95 % from", "accepted, 95 % to", "complete", "english", "heroes (distinct)")
_DIGITS = {
    **dict.fromkeys(("drafts", "failed", "unsafe"), "{:d}"),
    **dict.fromkeys(_SHARES, "{:.0%}"),
    **dict.fromkeys(("words", "tokens per accepted"), "{:.0f}"),
    **dict.fromkeys(("seconds (median)", "attempts expected"), "{:.1f}"),
}


def failures(frame: DataFrame) -> Any:
    """The drafts that are not there, and why: whole, and as text."""
    told = frame[frame.failure != ""][["prompt", "context", "variant", "failure"]]
    return told.style.format(escape="html").hide(axis="index").set_properties(**{"text-align": "start"})


def enough(frame: DataFrame, baseline: str) -> DataFrame:
    """How many contexts the accept rate's paired difference needs, from the spread that was seen. Nothing
    can be said where all contexts agreed."""
    import pandas

    rows = []
    for name in prompts(frame):
        if name == baseline:
            continue
        spread, now = (
            float(paired(frame, baseline, name, "accepted").std()),
            difference(frame, baseline, name, "accepted"),
        )
        needed = (
            [contexts_for(0.1, spread), contexts_to_see(0.2, spread), contexts_to_see(0.1, spread)]
            if spread > 0
            else [None] * 3
        )
        rows.append(
            {
                "prompt": name,
                "contexts now": now.n,
                "difference now": str(now),
                "spread": spread,
                **dict(zip(("for ± 0.1", "to see 0.2", "to see 0.1"), needed, strict=True)),
            }
        )
    return pandas.DataFrame(rows).set_index("prompt")


def decided(verdict: Decision) -> DataFrame:
    """The decision's figures, a row each."""
    import pandas

    rows = [
        {
            "candidate less baseline": name,
            "difference": one.mean,
            "95 % from": one.low,
            "to": one.high,
            "contexts": one.n,
        }
        for name, one in verdict.figures.items()
    ]
    told = pandas.DataFrame(
        rows, columns=["candidate less baseline", "difference", "95 % from", "to", "contexts"]
    )
    return told.set_index("candidate less baseline").round(3)
