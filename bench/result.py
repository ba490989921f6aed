"""What a measurement gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.figures import Finding


@dataclass(frozen=True, slots=True)
class Result:
    """findings: lines of the table. details: every run, for those who doubt a median."""

    findings: list[Finding]
    details: dict[str, Any] = field(default_factory=dict)


def others(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """How quiet the machine was."""
    most = max(one["other_cores"] for pair in pairs for one in pair)
    return f"other work took up to {most:.2f} cores"
