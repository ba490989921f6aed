"""One story in one locale: our wall time over that of the bare libraries asked the same."""

from __future__ import annotations

from bench.figures import Finding, Target, ratios
from bench.result import Result, others
from bench.sides import sides

# Quick: without the half minute that a translation takes on each side.
LOCALES, QUICK = ("fr",), ("en",)


def measure(quick: bool) -> Result:
    locales = QUICK if quick else LOCALES
    with sides() as both:
        both.pair(locales)  # loads the models on both sides
        pairs = [both.pair(locales) for _ in range(2 if quick else 3)]
    walls = [(ours["wall"], bare["wall"]) for ours, bare in pairs]
    apart = [f"{ours['tokens']}/{bare['tokens']}" for ours, bare in pairs]
    note = (
        f"ours {', '.join(f'{ours:.1f}' for ours, _ in walls)} s; "
        f"tokens ours/bare {', '.join(apart)}; {others(pairs)}"
    )
    finding = Finding(
        "overhead",
        f"one story in {', '.join(locales)} / its calls bare",
        ratios(walls),
        "",
        Target(1.05),
        note,
    )
    return Result([finding], {"pairs": pairs})
