"""The table of a bench run: printed, and kept as JSON and Markdown.

Measurements may be run one at a time: what was kept of the others on the same machine stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.figures import Finding, Spread, Target

_HEADING = ("measured", "median", "low to high", "n", "target", "")


@dataclass(frozen=True, slots=True)
class Record:
    """One measurement as it is kept. load: the machine's load average before it, of one minute."""

    command: str
    load: float
    findings: tuple[Finding, ...]
    details: Mapping[str, Any]


Records = Mapping[str, Record]


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


def markdown(records: Records, machine: Mapping[str, Any]) -> str:
    """Missed targets are in bold; under the table how each was called, and what a reader must know."""
    findings = [one for record in records.values() for one in record.findings]
    lines = ["# Bench results", "", *(f"- {key}: {_plain(value)}" for key, value in machine.items())]
    lines += ["", _line(_HEADING), _line(("---",) * len(_HEADING))]
    lines += [
        _line((*row[:-1], f"**{row[-1]}**" if row[-1] == "MISSED" else row[-1])) for row in rows(findings)
    ]
    lines += ["", "Measured by:", ""]
    lines += [
        f"- {name}: `{one.command}`, load average {one.load} before it" for name, one in records.items()
    ]
    notes = [f"- {one.name}: {one.what}: {one.note}" for one in findings if one.note]
    return "\n".join([*lines, "", "Notes:", "", *notes, ""])


def save(records: Records, machine: Mapping[str, Any], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    body = {"machine": machine, "records": {name: _told(one) for name, one in records.items()}}
    (out / "results.json").write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "results.md").write_text(markdown(records, machine), encoding="utf-8")


def kept(machine: Mapping[str, Any], out: Path) -> dict[str, Record]:
    """What was measured before on this machine with these packages; nothing of any other."""
    path = out / "results.json"
    body = json.loads(path.read_text("utf-8")) if path.exists() else {}
    if body.get("machine") != machine:
        return {}
    return {name: _record(one) for name, one in body["records"].items()}


def _told(record: Record) -> dict[str, Any]:
    findings = [{**asdict(one), "verdict": one.verdict} for one in record.findings]
    return {**asdict(record), "findings": findings}


def _record(body: dict[str, Any]) -> Record:
    return Record(**{**body, "findings": tuple(_finding(one) for one in body["findings"])})


def _finding(body: dict[str, Any]) -> Finding:
    told = {key: value for key, value in body.items() if key != "verdict"}
    target = told["target"] and Target(**told["target"])
    return Finding(**{**told, "figure": Spread(**told["figure"]), "target": target})


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(value: Any) -> str:
    return ", ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else str(value)
