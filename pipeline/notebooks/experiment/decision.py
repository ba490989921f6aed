"""Which candidate is confirmed, and whether it is promoted: a rule fixed before the figures are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pandas import DataFrame

from pipeline.errors import RequestError
from pipeline.notebooks.experiment.intervals import Interval
from pipeline.notebooks.experiment.measures import (
    by_context,
    difference,
    drafts,
    level,
    prompts,
    token_difference,
    tokens_per_accepted,
)

# A cheaper candidate may be accepted less often by this much, at the interval's lower end.
NOT_WORSE = -0.05
# Alarms, compared with means. Cosine; grades of a US school.
MOST_SIMILAR = 0.05
MOST_HARDER = 1.0
FEWEST_CONTEXTS = 10
# What a promotion's record says of the candidate itself.
_LEVELS = ("accepted", "words", "ari", "nearest")


@dataclass(frozen=True, slots=True)
class Decision:
    """reasons: the findings in words, the deciding one first. figures: paired differences, candidate less
    baseline."""

    promote: bool
    reasons: tuple[str, ...]
    figures: Mapping[str, Interval] = field(default_factory=dict)

    def table(self) -> DataFrame:
        """The figures, a row each."""
        rows = {name: asdict(interval) for name, interval in self.figures.items()}
        names = {"mean": "difference", "low": "95 % from", "high": "to", "n": "contexts"}
        return DataFrame.from_dict(rows, orient="index").rename(columns=names).round(3)


def choose(frame: DataFrame, baseline: str) -> str:
    """The candidate that was accepted most often on the search's contexts; of equals, the one with the fewest
    tokens for each accepted story. Only contexts of which each candidate has a draft count: a hard one is
    then hard for all. Raises RequestError: there is none."""
    names = [name for name in prompts(frame, baseline) if len(drafts(frame, name))]
    shared = set.intersection(*(set(drafts(frame, name).context) for name in names)) if names else set()
    if not shared:
        raise RequestError(
            "no idea has a draft of each candidate: read the failures above, and run the notebook again",
            problem="no-draft",
        )
    fair = frame[frame.context.isin(shared)]
    return min(
        names,
        key=lambda name: (-by_context(fair, name, "accepted").mean(), tokens_per_accepted(fair, name)),
    )


def decide(frame: DataFrame, baseline: str, candidate: str) -> Decision:
    """frame: drafts of both on contexts that the search did not use (grid.run)."""
    if obstacle := _obstacle(frame, baseline, candidate):
        return Decision(False, (obstacle,))
    figures = {
        "accepted": difference(frame, baseline, candidate, "accepted"),
        "tokens_per_accepted": token_difference(frame, baseline, candidate),
        "nearest": difference(frame, baseline, candidate, "nearest"),
        "ari": difference(frame, baseline, candidate, "ari"),
    }
    accepted, tokens = figures["accepted"], figures["tokens_per_accepted"]
    better = accepted.low > 0
    cheaper = accepted.low > NOT_WORSE and tokens.high < 0
    findings = [
        f"accepted at the first draft: {accepted}, {'above 0' if better else 'not shown to be above 0'}",
        f"worse by {-NOT_WORSE} at most, and cheaper: {'yes' if cheaper else 'not shown'}; tokens for each "
        f"accepted story: {tokens}",
    ]
    if cheaper and not better:
        findings.reverse()
    alarms = _alarms(frame, baseline, candidate, figures)
    return Decision((better or cheaper) and not alarms, (*findings, *alarms), figures)


def _obstacle(frame: DataFrame, baseline: str, candidate: str) -> str:
    """Why nothing can be decided; "" where something can."""
    pair = [baseline, candidate]
    failed = int((frame[frame.prompt.isin(pair)].failure != "").sum())
    if failed:
        return (
            f"{failed} drafts failed: run the notebook again, which repeats only those; where an idea itself "
            "is refused, replace it in the contexts' file"
        )
    contexts = min(drafts(frame, name).context.nunique() for name in pair)
    if contexts < FEWEST_CONTEXTS:
        return f"{contexts} unseen contexts: under {FEWEST_CONTEXTS} an interval says too little to decide"
    return ""


def _alarms(frame: DataFrame, baseline: str, candidate: str, figures: Mapping[str, Interval]) -> list[str]:
    """What forbids a promotion, however often the candidate is accepted; unknown figures (NaN) forbid too."""
    unsafe, unsafe_before = (int(drafts(frame, name).unsafe.sum()) for name in (candidate, baseline))
    alarms = []
    if unsafe > unsafe_before:
        alarms.append(f"unsafe drafts: {unsafe}, and {unsafe_before} of {baseline}")
    if not figures["nearest"].mean <= MOST_SIMILAR:
        alarms.append(f"its stories are more alike by {figures['nearest']}, {MOST_SIMILAR} at most")
    if not figures["ari"].mean <= MOST_HARDER:
        alarms.append(f"harder to read by {figures['ari']} grades, {MOST_HARDER} at most")
    return alarms


def record(
    decision: Decision,
    search: DataFrame,
    unseen: DataFrame,
    baseline: str,
    candidate: str,
    engine: str,
    date: str,
) -> dict[str, Any]:
    """The record of a promotion for the prompt's file: plain values. engine: the writer's fingerprint.

    Figures are [mean, low, high], of 95 %, with contexts as the unit; "_difference" is less the baseline's.
    """
    figures = {"accepted_search": level(search, candidate, "accepted")}
    figures |= {f"{name}_unseen": level(unseen, candidate, name) for name in _LEVELS}
    figures |= {f"{name}_difference": interval for name, interval in decision.figures.items()}
    return {
        "date": date,
        "why": decision.reasons[0],
        "engine": engine,
        "instead_of": baseline,
        "compared_on_search": prompts(search),
        "variants": int(unseen.variant.nunique()),
        "figures": "mean, low and high of 95 %, by context",
        **{name: [round(x, 4) for x in (item.mean, item.low, item.high)] for name, item in figures.items()},
        "search_contexts": list(search.context.unique()),
        "unseen_contexts": list(unseen.context.unique()),
    }
