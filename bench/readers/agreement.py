"""What readers gave: shares with Wilson's intervals, and how far two readers agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy.stats import binomtest

QUESTIONS = ("idea", "plot", "hero", "ending", "language")


@dataclass(frozen=True, slots=True)
class Reading:
    """One reader's sheet, by story number. points: the sum of the five questions; aloud: worth reading."""

    reader: str
    points: Mapping[int, int]
    aloud: Mapping[int, bool]

    @classmethod
    def of(cls, reader: str, rows: Iterable[Mapping[str, str]]) -> Reading:
        """Raises ValueError: a figure that is not 0, 1 or 2, an answer that is not yes or no."""
        points, aloud = {}, {}
        for row in rows:
            number = int(row["number"])
            figures = [int(row[question]) for question in QUESTIONS]
            if not set(figures) <= {0, 1, 2} or row["aloud"].strip().lower() not in {"yes", "no"}:
                raise ValueError(f"{reader}, story {number}: 0, 1 or 2, and yes or no")
            points[number] = sum(figures)
            aloud[number] = row["aloud"].strip().lower() == "yes"
        return cls(reader, points, aloud)


def kappa(first: Mapping[int, bool], second: Mapping[int, bool]) -> float:
    """Cohen's kappa of two readers' yes and no, over the stories that both read; nan where chance decides."""
    shared = sorted(first.keys() & second.keys())
    agreed = sum(first[number] == second[number] for number in shared) / len(shared)
    yes = [sum(answers[number] for number in shared) / len(shared) for answers in (first, second)]
    chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return (agreed - chance) / (1 - chance) if chance < 1 else float("nan")


def table(readings: Sequence[Reading], arms: Mapping[int, str]) -> str:
    """A Markdown table: an arm and reader a row; then the agreement of each pair. arms: by story number.

    Raises ValueError: a reader left a story of the sheet out.
    """
    for reading in readings:
        if left := sorted(arms.keys() - reading.points.keys()):
            raise ValueError(f"{reading.reader} left out: {', '.join(map(str, left))}")
    lines = ["| arm | reader | read aloud | 95 % | points of ten |", "|---|---|---|---|---|"]
    for arm in dict.fromkeys(arms.values()):
        numbers = [number for number, name in arms.items() if name == arm]
        for reading in readings:
            yes = sum(reading.aloud[number] for number in numbers)
            bounds = binomtest(yes, len(numbers)).proportion_ci(method="wilson")
            points = sum(reading.points[number] for number in numbers) / len(numbers)
            interval = f"{bounds.low:.0%} to {bounds.high:.0%}"
            lines.append(
                f"| {arm} | {reading.reader} | {yes} of {len(numbers)} | {interval} | {points:.1f} |"
            )
    for first, second in combinations(readings, 2):
        same = sum(first.aloud[number] == second.aloud[number] for number in arms)
        share = f"{same} of {len(arms)} (kappa {kappa(first.aloud, second.aloud):.2f})"
        lines.append(f"\n{first.reader} and {second.reader} agree on {share}.")
    return "\n".join(lines)
