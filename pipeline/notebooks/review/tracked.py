"""What MLflow keeps of a catalog's run: the report's figures, and the tables behind the plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pandas import DataFrame

from pipeline.batch.report.figures import Report
from pipeline.notebooks.tracking import Record

EXPERIMENT = "catalog runs"
_COUNTS = ("stories", "planned", "made", "skipped", "left", "dollars", "wall")
_RATES = ("stories_per_hour", "tokens_per_second", "audio_seconds_per_second")


def run(report: Report, stories: DataFrame, narrations: DataFrame, plots: Mapping[str, Any]) -> Record:
    """Figures: editions by how they ended, money, seconds, rates, and the medians of what was measured."""
    medians = {
        f"{kind}_{name}": value
        for kind, table in (("story", stories), ("narration", narrations))
        for name, value in table.select_dtypes("number").median().items()
    }
    return Record(
        name=report.run,
        parameters={
            "catalog": report.catalog["name"],
            "profile": report.profile,
            "locales": ", ".join(report.catalog["locales"]),
            "prices": report.prices,
        },
        figures={
            **{name: getattr(report, name) for name in _COUNTS},
            "failed": len(report.failed),
            "missing": len(report.missing),
            **{name: getattr(report.rates, name) for name in _RATES},
            **medians,
        },
        tags={"verdict": report.verdict},
        tables={"stories": stories, "narrations": narrations},
        plots=plots,
    )
