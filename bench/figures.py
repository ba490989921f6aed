"""Pairs, medians and spreads: how runs become figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


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
    """One line of the table. target None: told for information. note: what a reader must know of it."""

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


def spread(figures: Iterable[float]) -> Spread:
    """Raises ValueError where there is nothing to tell of."""
    told = sorted(figures)
    if not told:
        raise ValueError("no figures were measured")
    return Spread(median(told), told[0], told[-1], len(told))


def ratios(pairs: Sequence[tuple[float, float]]) -> Spread:
    """first / second of each pair: what happened to the machine during a pair happened to both."""
    return spread(first / second for first, second in pairs)


def interleaved(first: Callable[[int], A], second: Callable[[int], B], count: int) -> list[tuple[A, B]]:
    """A0 B0 A1 B1 …: a machine that grows slower meanwhile is unfair to neither."""
    return [(first(number), second(number)) for number in range(count)]
