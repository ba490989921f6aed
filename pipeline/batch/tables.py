"""Tables and messages as text for a terminal or a log."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns as wide as their longest cell; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def one_line(text: str) -> str:
    """Without control characters; an engine's message may hold anything."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
