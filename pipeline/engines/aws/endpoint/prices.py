"""Prices by the hour of endpoint instances, from a dated table; nothing is guessed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Instances:
    """kind: an instance type, as in ml.g5.2xlarge. count: how many of it."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Prices:
    """per_hour: US dollars of one instance, real-time inference, on demand, in `region`. quotas: the codes of
    their quotas. dated: a month. source: where the figures stand."""

    dated: str
    region: str
    source: str
    per_hour: dict[str, float]
    quotas: dict[str, str]

    def of(self, instances: tuple[Instances, ...]) -> float | None:
        """US dollars an hour of all of them; None where the table lacks a type."""
        if any(each.kind not in self.per_hour for each in instances):
            return None
        return round(sum(self.per_hour[each.kind] * each.count for each in instances), 4)

    def describe(self, kind: str, region: str = "") -> str:
        """The price of one, in words. region: where it is to run."""
        price = self.per_hour.get(kind)
        if price is None:
            return f"our price table of {self.dated} lacks {kind}: look at {self.source}"
        elsewhere = "" if region in ("", self.region) else f"; {region} differs, see {self.source}"
        return f"{kind} costs {price:.3f} US$ an hour ({self.region}, as of {self.dated}){elsewhere}"


def read_prices() -> Prices:
    table: dict[str, Any] = tomllib.loads(
        files("pipeline").joinpath("data", "instances.toml").read_text("utf-8")
    )
    types = table["types"].items()
    return Prices(
        table["dated"],
        table["region"],
        table["source"],
        {kind: row["per_hour"] for kind, row in types},
        {kind: row["quota"] for kind, row in types if "quota" in row},
    )
