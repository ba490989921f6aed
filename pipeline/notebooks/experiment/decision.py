"""Which candidate is confirmed, and whether it is promoted: a rule written before the figures are seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.errors import RequestError
from pipeline.notebooks.experiment.intervals import Interval
from pipeline.notebooks.experiment.measures import (
    by_context,
    difference,
    level,
    made,
    prompts,
    token_difference,
    tokens_per_accepted,
)

if TYPE_CHECKING:
    from pandas import DataFrame

# A candidate that is cheaper may be accepted less often by so much, at the interval's lower end.
NOT_WORSE = -0.05
# Alarms, not proofs: held against means. Cosine; grades of a US school.
MOST_ALIKE = 0.05
MOST_HARDER = 1.0
FEWEST_CONTEXTS = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """reasons: each finding, in words, the deciding one first. figures: the paired differences, candidate
    less baseline."""

    promote: bool
    reasons: tuple[str, ...]
    figures: Mapping[str, Interval] = field(default_factory=dict)


def choose(frame: DataFrame, baseline: str) -> str:
    """The candidate that was accepted most often on the search's contexts; of equals, the one with the fewest
    tokens for each accepted story. On the contexts of which each candidate has a draft, so that a hard one is
    hard for all. Raises RequestError: there is none."""
    there = [name for name in prompts(frame) if name != baseline and len(made(frame, name))]
    shared = set.intersection(*(set(made(frame, name).context) for name in there)) if there else set()
    if not shared:
        raise RequestError(
            "no idea has a draft of each candidate: read the failures above, and run the notebook again",
            problem="no-draft",
        )
    fair = frame[frame.context.isin(shared)]
    return min(
        there,
        key=lambda name: (-by_context(fair, name, "accepted").mean(), tokens_per_accepted(fair, name)),
    )


def decide(frame: DataFrame, baseline: str, candidate: str) -> Decision:
    """frame: drafts of both on contexts that the search did not see (measures.table)."""
    if unfit := _unfit(frame, baseline, candidate):
        return Decision(False, (unfit,))
    accepted = difference(frame, baseline, candidate, "accepted")
    tokens = token_difference(frame, baseline, candidate)
    alike = difference(frame, baseline, candidate, "nearest")
    harder = difference(frame, baseline, candidate, "ari")
    better = accepted.low > 0
    cheaper = accepted.low > NOT_WORSE and tokens.high < 0
    found = [
        f"accepted at the first draft: {accepted}, {'above 0' if better else 'not shown to be above 0'}",
        f"worse by {-NOT_WORSE} at most, and cheaper: {'yes' if cheaper else 'not shown'}; tokens for each "
        f"accepted story: {tokens}",
    ]
    # What was shown comes before what was not.
    told = found[::-1] if cheaper and not better else found
    alarms = _alarms(frame, baseline, candidate, alike, harder)
    return Decision(
        (better or cheaper) and not alarms,
        (*told, *alarms),
        {"accepted": accepted, "tokens_per_accepted": tokens, "nearest": alike, "ari": harder},
    )


def _unfit(frame: DataFrame, baseline: str, candidate: str) -> str:
    """Why nothing can be decided; "" where something can."""
    failed = int((frame[frame.prompt.isin([baseline, candidate])].failure != "").sum())
    if failed:
        return (
            f"{failed} drafts failed: run the notebook again, only those are asked anew; where an idea "
            "itself is refused, replace it in the contexts' file"
        )
    contexts = min(made(frame, name).context.nunique() for name in (baseline, candidate))
    if contexts < FEWEST_CONTEXTS:
        return f"{contexts} unseen contexts: under {FEWEST_CONTEXTS} an interval says too little to decide"
    return ""


def _alarms(frame: DataFrame, baseline: str, candidate: str, alike: Interval, harder: Interval) -> list[str]:
    """What forbids a promotion, however often the candidate is accepted."""
    unsafe = [int(made(frame, name).unsafe.sum()) for name in (candidate, baseline)]
    told = []
    if unsafe[0] > unsafe[1]:
        told.append(f"unsafe drafts: {unsafe[0]}, and {unsafe[1]} of {baseline}")
    if not alike.mean <= MOST_ALIKE:
        told.append(f"its stories are more alike by {alike}, {MOST_ALIKE} at most")
    if not harder.mean <= MOST_HARDER:
        told.append(f"harder to read by {harder} grades, {MOST_HARDER} at most")
    return told


def record(
    decision: Decision,
    search: DataFrame,
    unseen: DataFrame,
    baseline: str,
    candidate: str,
    engine: str,
    date: str,
) -> dict[str, Any]:
    """What a promoted prompt's file says of it: plain values. engine: the writer's fingerprint.

    Figures are [mean, low, high], of 95 %, with contexts as the unit; "_difference" is less the baseline's.
    """
    levels = {
        f"{name}_unseen": level(unseen, candidate, name) for name in ("accepted", "words", "ari", "nearest")
    }
    differences = {f"{name}_difference": interval for name, interval in decision.figures.items()}
    return {
        "date": date,
        "why": decision.reasons[0],
        "engine": engine,
        "instead_of": baseline,
        "compared_on_search": prompts(search),
        "variants": int(unseen.variant.nunique()),
        "figures": "mean, low and high of 95 %, by context",
        "accepted_search": _plain(level(search, candidate, "accepted")),
        **{name: _plain(interval) for name, interval in (levels | differences).items()},
        "search_contexts": list(dict.fromkeys(search.context)),
        "unseen_contexts": list(dict.fromkeys(unseen.context)),
    }


def _plain(interval: Interval) -> list[float]:
    return [round(float(one), 4) for one in (interval.mean, interval.low, interval.high)]
