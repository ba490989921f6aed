"""The table of a bench run: printed, and kept as JSON and Markdown.

Measurements may be run one at a time: records of the others on the same machine are kept.
A record is {"command", "load", "findings", "details"}; load is the load average before it, of one minute.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import Finding, Result

Record = dict[str, Any]
_HEADING = ("measured", "median", "low to high", "n", "target", "")


def record(command: str, load: float, result: Result) -> Record:
    rows = [row(finding) for finding in result.findings]
    findings = [
        {**asdict(finding), "verdict": finding.verdict, "row": cells}
        for finding, cells in zip(result.findings, rows, strict=True)
    ]
    return {"command": command, "load": load, "findings": findings, "details": result.details}


def row(finding: Finding) -> list[str]:
    figure = finding.figure
    return [
        f"{finding.name}: {finding.what}",
        f"{figure.median:.3g} {finding.unit}".strip(),
        f"{figure.low:.3g} to {figure.high:.3g}",
        str(figure.count),
        str(finding.target or ""),
        finding.verdict,
    ]


def table(records: Sequence[Record]) -> str:
    """In columns, with the notes below."""
    findings = [finding for record in records for finding in record["findings"]]
    rows = [_HEADING, *(finding["row"] for finding in findings)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in rows
    ]
    notes = [f"  {finding['name']}: {finding['note']}" for finding in findings if finding["note"]]
    return "\n".join([*lines, *notes])


def markdown(records: Mapping[str, Record], machine: Mapping[str, Any]) -> str:
    """Missed targets are in bold; below the table the commands and the notes."""
    findings = [finding for record in records.values() for finding in record["findings"]]
    lines = ["# Bench results", "", *(f"- {key}: {_plain(value)}" for key, value in machine.items()), ""]
    for cells in (_HEADING, ("---",) * len(_HEADING), *(finding["row"] for finding in findings)):
        lines.append("| " + " | ".join(f"**{cell}**" if cell == "MISSED" else cell for cell in cells) + " |")
    lines += ["", "Measured by:", ""]
    lines += [
        f"- {name}: `{record['command']}`, load average {record['load']} before it"
        for name, record in records.items()
    ]
    notes = [f"- {entry['name']}: {entry['what']}: {entry['note']}" for entry in findings if entry["note"]]
    return "\n".join([*lines, "", "Notes:", "", *notes, ""])


def save(records: Mapping[str, Record], machine: Mapping[str, Any], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    body = json.dumps({"machine": machine, "records": records}, indent=1, ensure_ascii=False)
    (out / "results.json").write_text(body + "\n", "utf-8")
    (out / "results.md").write_text(markdown(records, machine), "utf-8")


def kept(machine: Mapping[str, Any], out: Path) -> dict[str, Record]:
    """Earlier records of this machine with these packages; none of any other."""
    path = out / "results.json"
    body = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return body["records"] if body.get("machine") == machine else {}


def _plain(value: Any) -> str:
    return (
        ", ".join(f"{key} {item}" for key, item in value.items()) if isinstance(value, dict) else str(value)
    )
