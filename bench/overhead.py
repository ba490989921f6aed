"""Our wall time over that of the bare libraries with the same calls: one story, and four locales of a story.

Two warm processes run in turn: bench.maker (our steps, recorded) and bench.bare (replays the recording).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Finding, Result, Run, Target, against, ratios, seconds, single
from bench.processes import Worker
from bench.stories import IDEAS

LOCALES = ("en", "fr", "it", "es")


def measure(quick: bool) -> Result:
    # Quick: without the half minute that a translation takes on each side.
    locales = ("en",) if quick else ("fr",)
    with sides() as both:
        both.pair(locales)  # loads the models on both sides
        pairs = [both.pair(locales) for _ in range(2 if quick else 3)]
    tokens = ", ".join(f"{ours['tokens']}/{bare['tokens']}" for ours, bare in pairs)
    what = f"one story in {', '.join(locales)} / its calls bare"
    note = f"{against(pairs)}; tokens ours/bare {tokens}"
    finding = Finding("overhead", what, ratios(seconds(pairs)), "", Target(1.05), note)
    return Result([finding], {"pairs": pairs})


def measure_locales(quick: bool) -> Result:
    """Four locales of a story over its calls bare, and a second run in the same store over the first.

    Quick: English and Portuguese, whose translator takes no minutes.
    """
    locales = ("en", "pt") if quick else LOCALES
    pairs, reruns = [], []
    with sides() as both:
        both.pair(LOCALES[:1])  # loads the models on both sides
        for _ in range(1 if quick else 3):
            pairs.append(both.pair(locales))
            reruns.append(both.again(locales))
    firsts = [ours for ours, _ in pairs]
    again = list(zip(reruns, firsts, strict=True))
    calls = sum(run["calls"] for run in reruns)
    paid = sum(second["paid"] - first["paid"] for second, first in again)
    note = f"{calls} calls reached an engine, the ledger grew by {paid}"
    bare = ratios(seconds(pairs))
    rerun = ratios(seconds(again))
    findings = [
        Finding("locales", f"{' '.join(locales)} / their calls bare", bare, "", Target(1.05), against(pairs)),
        Finding("re-run", f"{' '.join(locales)} again / the first time", rerun, "", Target(0.02), note),
        Finding("re-run", "engine calls", single(calls + paid), "", Target(0)),
    ]
    return Result(findings, {"pairs": pairs, "reruns": reruns})


@dataclass
class Sides:
    """Each story gets a fresh store, and each tape is replayed once, so both sides' models stay alike."""

    ours: Worker
    bare: Worker
    folder: Path
    count: int = 0

    def pair(self, locales: Sequence[str]) -> tuple[Run, Run]:
        """A story that passed its checks, and its replay. Drafts that failed are replayed, not counted.

        Raises RuntimeError if no idea gives a story.
        """
        while self.count < 2 * len(IDEAS):
            self.count += 1
            ours = self.again(locales)
            bare = self.bare.request(tape=str(self.folder / "tape.json"))
            if not ours["failed"]:
                return ours, bare
        raise RuntimeError(f"no idea of {len(IDEAS)} gave a story: {ours['failed']}")

    def again(self, locales: Sequence[str]) -> Run:
        """The current story, in its own store."""
        variant, number = divmod(self.count - 1, len(IDEAS))
        return self.ours.request(
            out=str(self.folder / f"store-{self.count}"),
            context=IDEAS[number],
            variant=variant,
            locales=list(locales),
            tape=str(self.folder / "tape.json"),
        )


@contextmanager
def sides() -> Iterator[Sides]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stories-bench-")))
        ours = stack.enter_context(Worker("bench.maker"))
        bare = stack.enter_context(Worker("bench.bare"))
        yield Sides(ours, bare, folder)
