"""The ledger: what was paid for, summed by what it was for and who did it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from pipeline.storage.cache import Paid
from pipeline.types import Usage


@dataclass(frozen=True, slots=True)
class Row:
    """dollars: None where the price table does not know the engine."""

    of: str
    engine: str
    usage: Usage
    dollars: float | None


def price_table() -> dict[str, Any]:
    return tomllib.loads(files("pipeline").joinpath("data", "prices.toml").read_text("utf-8"))


def rows(paid: Iterable[Paid], table: Mapping[str, Any]) -> tuple[Row, ...]:
    """One row for each (what for, engine), sorted."""
    sums: dict[tuple[str, str], Usage] = {}
    for one in paid:
        key = (one.of, one.engine)
        sums[key] = sums.get(key, Usage()) + one.usage
    return tuple(
        Row(of, engine, usage, _dollars(engine, usage, table)) for (of, engine), usage in sorted(sums.items())
    )


def _dollars(engine: str, usage: Usage, table: Mapping[str, Any]) -> float | None:
    fitting = [price for price in table["prices"] if engine.startswith(price["prefix"])]
    if not fitting:
        return None
    price = max(fitting, key=lambda one: len(one["prefix"]))
    characters: float = price.get("per_million_characters", 0.0) * usage.characters / 1e6
    hours: float = price.get("per_hour", 0.0) * usage.seconds / 3600
    return round(characters + hours, 6)
