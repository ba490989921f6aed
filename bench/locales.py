"""Four locales of one story: over the bare calls for it, and made again over made first."""

from __future__ import annotations

from bench.figures import Finding, Target, ratios, spread
from bench.result import Result, others
from bench.sides import sides

LOCALES = ("en", "fr", "it", "es")


def measure(quick: bool) -> Result:
    pairs, reruns = [], []
    with sides() as both:
        both.pair(LOCALES[:1])  # loads the models on both sides
        for _ in range(1 if quick else 3):
            pairs.append(both.pair(LOCALES))
            reruns.append(both.again(LOCALES))
    walls = [(ours["wall"], bare["wall"]) for ours, bare in pairs]
    again = [(second["wall"], ours["wall"]) for second, (ours, _) in zip(reruns, pairs, strict=True)]
    calls = sum(one["calls"] for one in reruns)
    newly = sum(second["paid"] - ours["paid"] for second, (ours, _) in zip(reruns, pairs, strict=True))
    wrote = f"ours {', '.join(f'{ours:.1f}' for ours, _ in walls)} s; {others(pairs)}"
    none = f"{calls} calls reached an engine, the ledger grew by {newly}"
    return Result(
        [
            Finding("locales", "en fr it es / their calls bare", ratios(walls), "", Target(1.05), wrote),
            Finding("re-run", "en fr it es again / the first time", ratios(again), "", Target(0.02), none),
            Finding("re-run", "engine calls", spread([calls + newly]), "", Target(0)),
        ],
        {"pairs": pairs, "reruns": reruns},
    )
