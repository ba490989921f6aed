"""The commands of `stories catalog`. Results go to stdout, everything else to stderr.

`stories --help` imports this, too: what a command needs is imported when the command runs.
"""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from argparse import Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.cli.catalog_progress import RunProgress
from pipeline.cli.terminal import say, tell
from pipeline.config.paths import path
from pipeline.config.settings import Settings
from pipeline.errors import NotFoundError, StoriesError
from pipeline.storage import keys

if TYPE_CHECKING:
    from pipeline.app import App
    from pipeline.batch.publishing import Published
    from pipeline.batch.reading import CatalogFile
    from pipeline.batch.runs import Run


def check(options: Namespace) -> None:
    from pipeline.batch.reading import bad
    from pipeline.batch.report.text import survey_text
    from pipeline.batch.survey import survey
    from pipeline.batch.tables import one_line

    app, file = _open(options)
    summary = survey(app, file, most_faults=sys.maxsize)
    for fault in summary.faults:
        say(f"{file.table.name}:{fault.line}: {one_line(fault.cause)}")
    if summary.fault_count:
        count = "1 fault" if summary.fault_count == 1 else f"{summary.fault_count} faults"
        raise bad(f"{file.path.name} has {count}: correct the file, nothing of it is made before")
    say(survey_text(summary))


def estimate(options: Namespace) -> None:
    from pipeline.batch import estimate as estimating
    from pipeline.batch.report.text import estimate_text
    from pipeline.batch.survey import survey

    app, file = _open(options)
    summary = survey(app, file)
    summary.refuse_faults()
    figures = estimating.estimate(app, summary)
    say(estimate_text(figures))
    tell(f"{estimating.UNKNOWN} Averages of {figures.dated}.")


def run(options: Namespace) -> None:
    """Raises StoriesError ("red-run"): more failed than the catalog allows; what is made is kept."""
    from pipeline.batch import running
    from pipeline.batch.plan import plan
    from pipeline.batch.report.text import report_text
    from pipeline.batch.runs import Run
    from pipeline.bootstrap import tidy, weights
    from pipeline.cli.weights import fetch, fetch_for

    app, file = _open(options)
    run_id = f"{file.settings.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    settings = _settings(options)
    tidy(settings)
    fetch(weights(settings, ()), settings)  # the writer's, before the run is on record
    planned = plan(app, file, run_id, options.chunk_size, options.budget)
    if planned.todo:
        chunks = Run(app.store, run_id)
        items = (item for number in range(1, planned.chunks + 1) for item in chunks.items(number))
        if fetch_for(app, settings, (edition for item in items for edition in item.locales)):
            app = _app(options)  # from here on the same translators to the end of the run
    tell(f"run {run_id}: {planned.todo} to make, {planned.done} made before")
    try:
        figures = running.run(app, planned, RunProgress())
    finally:  # also where the run is stopped
        if next(app.store.list(keys.run(run_id, "report.html")), None):
            _tell_location(app, "report", keys.run(run_id, "report.html"))
    say(report_text(figures))
    _review_or_publish(app, Run(app.store, run_id), options)
    if figures.is_red:
        raise StoriesError(
            f"run {run_id} is red: {len(figures.failed) + len(figures.missing)} not made, and the catalog "
            f"allows {file.settings.max_failed}; the same command tries only these again",
            problem="red-run",
        )


def report(options: Namespace) -> None:
    from pipeline.batch.report import writing
    from pipeline.batch.report.text import report_text
    from pipeline.batch.runs import Run

    app = _app(options)
    run_id = options.run or _newest(app)
    say(report_text(writing.report(app, Run(app.store, run_id))))
    _tell_location(app, "report", keys.run(run_id, "report.html"))


def publish(options: Namespace) -> None:
    from pipeline.batch import publishing
    from pipeline.batch.runs import Run

    app = _app(options)
    _tell_published(publishing.publish(app, Run(app.store, options.run), options.withheld))


def withdraw(options: Namespace) -> None:
    from pipeline.batch import publishing

    publishing.withdraw(_app(options).store, options.run)
    tell(f"run {options.run} is withdrawn: what nothing else published is listed no longer; files stay")


def runs(options: Namespace) -> None:
    from pipeline.batch.report.text import runs_text
    from pipeline.batch.running import known

    if planned := known(_app(options).store):
        say(runs_text(planned))
    else:
        tell("no runs yet: stories catalog run catalogs/bedtime.yaml")


def _settings(options: Namespace) -> Settings:
    return Settings.from_options(os.environ, options)


def _app(options: Namespace) -> App:
    from pipeline.bootstrap import build_batch

    return build_batch(_settings(options))


def _open(options: Namespace) -> tuple[App, CatalogFile]:
    from pipeline.batch import reading

    return _app(options), reading.read(path(options.file))


def _review_or_publish(app: App, run: Run, options: Namespace) -> None:
    """Publishes where that was asked for and no review is due; else says how."""
    from pipeline.batch import publishing, review

    due = review.due(app, run)
    if not due.total:
        return
    if due.is_needed:
        say("\n" + due.markdown())
        _tell_location(app, "to review", keys.run(run.id, "review.html"))
    elif options.publish:
        _tell_published(publishing.publish(app, run))
        return
    out = f" --out {shlex.quote(options.out)}" if options.out else ""
    tell(f"not published; to do so: stories catalog publish {run.id} --profile {app.profile}{out}")


def _tell_published(published: Published) -> None:
    parts = [f"{published.cards} stories × languages are listed"]
    parts += [f"{published.withheld} withheld"] if published.withheld else []
    parts += [f"{published.incomplete} not complete"] if published.incomplete else []
    tell(", ".join(parts))


def _tell_location(app: App, name: str, key: str) -> None:
    from pipeline.cli.terminal import location

    tell(f"{name}: {location(app.store, key)}")


def _newest(app: App) -> str:
    from pipeline.batch.running import known

    if planned := known(app.store):
        return planned[0].id
    raise NotFoundError("there are no runs yet: stories catalog run FILE")
