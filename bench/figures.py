"""How runs become figures: medians, spreads, ratios of interleaved pairs, and lines of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")
Run = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of `count` figures, the lowest and the highest of them."""

    median: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Target:
    """bound: the figure that is still good; at_least: whether more is better."""

    bound: float
    at_least: bool = False

    def met(self, figure: float) -> bool:
        return figure >= self.bound if self.at_least else figure <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of the table. target None: for information only. note: what a reader must know of the figure."""

    name: str
    what: str
    figure: Spread
    unit: str = ""
    target: Target | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "met" if self.target.met(self.figure.median) else "MISSED"


@dataclass(frozen=True, slots=True)
class Result:
    """What a measurement returns. details: every single run."""

    findings: list[Finding]
    details: dict[str, Any] = field(default_factory=dict)


def spread(figures: Iterable[float]) -> Spread:
    """Raises ValueError if there are no figures."""
    ordered = sorted(figures)
    if not ordered:
        raise ValueError("no figures were measured")
    return Spread(median(ordered), ordered[0], ordered[-1], len(ordered))


def single(figure: float) -> Spread:
    return spread([figure])


def ratios(pairs: Iterable[tuple[float, float]]) -> Spread:
    """first / second of each pair: what happened to the machine during a pair happened to both."""
    return spread(first / second for first, second in pairs)


def interleaved(first: Callable[[int], A], second: Callable[[int], B], count: int) -> list[tuple[A, B]]:
    """A0 B0 A1 B1 …: a machine that grows slower meanwhile is unfair to neither."""
    return [(first(number), second(number)) for number in range(count)]


def seconds(pairs: Sequence[tuple[Run, Run]]) -> list[tuple[float, float]]:
    return [(first["seconds"], second["seconds"]) for first, second in pairs]


def against(pairs: Sequence[tuple[Run, Run]]) -> str:
    """Both times of each pair, and how quiet the machine was."""
    times = "; ".join(f"{first:.3g} s against {second:.3g} s" for first, second in seconds(pairs))
    most = max(run["other_cores"] for pair in pairs for run in pair)
    return f"{times}; other work took up to {most:.2f} cores"
