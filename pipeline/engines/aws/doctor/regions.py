"""Which services a region has, by data/regions.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from pipeline.engines.aws.doctor.case import Case, Result, unsure


@dataclass(frozen=True, slots=True)
class Service:
    """required: the template's rule asks for it. without: what happens then, in words."""

    name: str
    endpoint: str
    required: bool
    without: str
    regions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Regions:
    """services: those that are not in every region. known: every region of the table."""

    dated: str
    known: frozenset[str]
    services: tuple[Service, ...]

    @classmethod
    def load(cls) -> Regions:
        table = tomllib.loads(files("pipeline").joinpath("data", "regions.toml").read_text("utf-8"))
        services = (Service(**{**row, "regions": frozenset(row["regions"])}) for row in table["services"])
        return cls(table["dated"], frozenset(table["regions"]), tuple(services))

    def complete(self) -> list[str]:
        """The regions that have every required service."""
        return sorted(
            region
            for region in self.known
            if all(region in service.regions for service in self.services if service.required)
        )


def check_services(case: Case) -> Result:
    if not case.region:
        raise unsure("it needs the region: mend the region first")
    table = Regions.load()
    if case.region not in table.known:
        raise unsure(f"the table of {table.dated} does not know the region {case.region}")
    missing = [service for service in table.services if case.region not in service.regions]
    summary = "; ".join(f"{service.name} is not in {case.region}: {service.without}" for service in missing)
    if any(service.required for service in missing):
        return False, summary, f"set AWS_REGION to one that has them: {', '.join(table.complete())}"
    return True, summary or f"{case.region} has all of them", ""
