"""The report of a run, kept in the store: report.json for programs, report.html for people."""

from __future__ import annotations

from dataclasses import asdict

from pipeline.app import App
from pipeline.batch.report.figures import Report, gathered
from pipeline.batch.report.page import page
from pipeline.batch.runs import Run


def report(app: App, run: Run) -> Report:
    """Kept under runs/<id>/, in place of an earlier one. Raises NotFoundError: no such run."""
    figures = gathered(app, run)
    run.keep_report(asdict(figures), page(figures))
    return figures
