"""The table of a campaign: in columns on the terminal, and as Markdown to be kept in docs/reliability.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.campaign.frame import Row

HEADING = ("part", "what", "how many", "violations", "verdict", "figures", "s")
# Cases that are named in full; the others are counted.
_SHOWN = 12


def cells(row: Row) -> tuple[str, ...]:
    figures = ", ".join(f"{name} {figure:.4g}" for name, figure in row.figures.items())
    counted = f"{row.done:,} of {row.wanted:,} {row.unit}"
    return (row.part, row.name, counted, str(len(row.violations)), row.verdict, figures, f"{row.seconds:.0f}")


def columns(rows: Sequence[Row]) -> str:
    lines = [HEADING, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def markdown(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """The same, with the machine, and with the cases that failed."""
    lines = [*(f"- {name}: {value}" for name, value in about.items()), ""]
    lines += [
        "| " + " | ".join(line) + " |" for line in (HEADING, ("---",) * len(HEADING), *map(cells, rows))
    ]
    failed = [*violations(rows)]
    return "\n".join(
        [*lines, *(["", "Violations:", "", *(f"- {line}" for line in failed)] if failed else []), ""]
    )


def violations(rows: Sequence[Row]) -> list[str]:
    lines = []
    for row in rows:
        lines += row.violations[:_SHOWN]
        if more := len(row.violations) - _SHOWN:
            lines += [f"{row.name}: {more} more"] if more > 0 else []
    return lines
