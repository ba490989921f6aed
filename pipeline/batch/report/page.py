"""The report of a run as a page."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.batch.html import duration, grouped, rendered
from pipeline.batch.report.figures import Report
from pipeline.batch.report.plots import plots

# Rows of a table: a phone has to load the page.
_SHOWN = 200


def page(report: Report) -> str:
    """HTML, whole in one file."""
    began = datetime.fromtimestamp(report.began, UTC)
    return rendered(
        "report.html",
        report=report,
        began=f"{began:%Y-%m-%d %H:%M} UTC",
        tiles=_tiles(report),
        plots=plots(report),
        shown=_SHOWN,
    )


def _tiles(report: Report) -> list[tuple[str, str, str]]:
    """(name, figure, CSS class)."""
    failed, missing, rates = len(report.failed), len(report.missing), report.rates
    tiles = [
        ("made", grouped(report.made), "good" if report.made else ""),
        ("made before", grouped(report.skipped), ""),
        ("failed", grouped(failed), "bad" if failed else ""),
        ("missing", grouped(missing), "bad" if missing else ""),
        ("left by the budget", grouped(report.left), "wait" if report.left else ""),
        *([("stories edited", grouped(len(report.edited)), "")] if report.edited else []),
        ("US$", f"{report.dollars:.2f}", ""),
        ("from plan to end", duration(report.wall), ""),
        *((f"{stage}, work", duration(took), "") for stage, took in report.seconds.items()),
    ]
    measured = [
        ("stories an hour", rates.stories_per_hour),
        ("tokens/s of a writer", rates.tokens_per_second),
        ("audio s/s of a voice", rates.audio_seconds_per_second),
    ]
    return tiles + [(name, _rate(rate), "") for name, rate in measured if rate is not None]


def _rate(rate: float) -> str:
    return grouped(round(rate)) if rate >= 100 else f"{rate:.3g}"
