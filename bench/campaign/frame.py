"""What a campaign is made of: trials, the outcomes of their cases, a row of the table for each trial.

A case is known by its trial's name and its number, and draws everything from Random("seed/trial/number"), so
that `--case "trial number"` runs it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

# A figure whose name begins so is the largest of all cases; other figures are added up.
MOST = "most "


@dataclass(frozen=True, slots=True)
class Case:
    """folder: empty, its own, removed afterwards."""

    trial: str
    number: int
    random: Random
    folder: Path


@dataclass
class Outcome:
    """faults: each a sentence about one violated invariant. count: how many of the trial's units it did."""

    count: int = 1
    faults: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def check(self, good: object, fault: str) -> None:
        if not good:
            self.faults.append(fault)

    def add(self, name: str, figure: float = 1) -> None:
        self.figures[name] = combined(name, self.figures.get(name, 0), figure)


def anywhere() -> str:
    """Nothing keeps it from running."""
    return ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one row does.

    unit: what is counted. count: how many in minutes' mode, `long` in the long one. each: units of a case.
    share: of the seconds of its part. parallel: processes at once. missing: why it cannot run on this
    machine, "" where it can.
    """

    name: str
    unit: str
    run: Callable[[Case], Outcome]
    count: int
    long: int
    each: int = 1
    share: float = 1.0
    parallel: int = 2
    missing: Callable[[], str] = anywhere

    def wanted(self, is_long: bool) -> int:
        return self.long if is_long else self.count


@dataclass
class Row:
    """violations: "trial number: sentence"."""

    part: str
    name: str
    unit: str
    wanted: int
    done: int = 0
    seconds: float = 0
    missing: str = ""
    violations: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def take(self, number: int, outcome: Outcome) -> None:
        self.done += outcome.count
        self.violations += [f"{self.name} {number}: {fault}" for fault in outcome.faults]
        for name, figure in outcome.figures.items():
            self.figures[name] = combined(name, self.figures.get(name, 0), figure)

    @property
    def verdict(self) -> str:
        if self.violations:
            return "VIOLATED"
        if self.missing:
            return f"not run: {self.missing}"
        return "held" if self.done >= self.wanted else "incomplete"


def combined(name: str, first: float, second: float) -> float:
    return max(first, second) if name.startswith(MOST) else first + second
