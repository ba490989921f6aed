"""The table of a bench run: printed, and kept as JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import Finding

_HEADING = ("measured", "median", "low to high", "n", "target", "")


def rows(findings: Sequence[Finding]) -> list[tuple[str, ...]]:
    return [
        (
            f"{one.name}: {one.what}",
            f"{one.figure.median:.3g}{one.unit and ' ' + one.unit}",
            f"{one.figure.low:.3g} to {one.figure.high:.3g}",
            str(one.figure.count),
            str(one.target or ""),
            one.verdict,
        )
        for one in findings
    ]


def table(findings: Sequence[Finding]) -> str:
    told = [_HEADING, *rows(findings)]
    widths = [max(len(row[column]) for row in told) for column in range(len(_HEADING))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in told
    )


def markdown(findings: Sequence[Finding], machine: dict[str, Any], told: str) -> str:
    """told: how it was called. Missed targets are in bold, notes under the table."""
    lines = [f"Measured by `{told}`.", "", *(f"- {key}: {_plain(value)}" for key, value in machine.items())]
    lines += ["", _line(_HEADING), _line(("---",) * len(_HEADING))]
    lines += [
        _line((*row[:-1], f"**{row[-1]}**" if row[-1] == "MISSED" else row[-1])) for row in rows(findings)
    ]
    notes = [f"- {one.name}: {one.what}: {one.note}" for one in findings if one.note]
    return "\n".join(["# Bench results", "", *lines, "", *notes, ""])


def save(
    findings: Sequence[Finding], machine: dict[str, Any], told: str, out: Path, details: dict[str, Any]
) -> None:
    """details: what each measurement kept of its runs, for those who doubt a median."""
    out.mkdir(parents=True, exist_ok=True)
    body = {
        "command": told,
        "machine": machine,
        "findings": [
            {**asdict(one), "target": str(one.target or ""), "verdict": one.verdict} for one in findings
        ],
        "details": details,
    }
    (out / "results.json").write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "results.md").write_text(markdown(findings, machine, told), encoding="utf-8")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {one}" for key, one in value.items())
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
