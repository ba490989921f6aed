"""What each command of `stories catalog` does. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from pipeline.app import App
from pipeline.batch import estimate as estimating
from pipeline.batch import publishing, reading, review, running
from pipeline.batch.reading import CatalogFile
from pipeline.batch.report import figures as reporting
from pipeline.batch.runs import Run
from pipeline.batch.survey import Survey, survey
from pipeline.bootstrap import build_batch, weights
from pipeline.cli import catalog_tables as tables
from pipeline.cli.terminal import location, say, tell
from pipeline.cli.weights import fetch
from pipeline.config.settings import Settings
from pipeline.errors import NotFoundError, StoriesError
from pipeline.ports import Advance
from pipeline.storage import keys


def check(options: Namespace) -> None:
    app, file = _opened(options)
    found = survey(app, file, most_faults=sys.maxsize)
    for fault in found.faults:
        say(f"{file.table.name}:{fault.line}: {tables.line(fault.told)}")
    if found.fault_count:
        faults = "1 fault" if found.fault_count == 1 else f"{found.fault_count} faults"
        raise reading.bad(f"{file.path.name} has {faults}: nothing of it is made before they are mended")
    say(tables.asked(found))


def estimate(options: Namespace) -> None:
    app, file = _opened(options)
    found = estimating.estimate(app, _faultless(app, file))
    say(tables.estimate(found))
    tell(f"{estimating.UNKNOWN} Averages of {found.dated}.")


def run(options: Namespace) -> None:
    """Raises StoriesError ("red-run"): more failed than the catalog bears; what is made is kept."""
    settings = _settings(options)
    app, file = build_batch(settings), reading.read(options.file)
    found = _faultless(app, file)
    if found.todo:
        fetch(weights(settings), settings)
    run_id = f"{file.settings.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(1)}"
    tell(f"run {run_id}: {found.todo} to make, {sum(found.done.values())} made before")
    with _told_where(app, run_id):
        done = running.run(app, file, run_id, Progress(), options.chunk_size, options.budget)
    say(tables.summary(done))
    _after(app, Run(app.store, run_id), options)
    if done.is_red:
        raise StoriesError(
            f"run {run_id} is red: {len(done.failed) + len(done.missing)} not made, and the catalog bears "
            f"{file.settings.max_failed}; the same command tries only these again",
            problem="red-run",
        )


def report(options: Namespace) -> None:
    app = build_batch(_settings(options))
    run_id = options.run or _newest(app)
    say(tables.summary(reporting.report(app, Run(app.store, run_id))))
    tell(f"report: {location(app.store, keys.run(run_id, 'report.html'))}")


def publish(options: Namespace) -> None:
    app = build_batch(_settings(options))
    _published(publishing.publish(app, Run(app.store, options.run), options.withheld))


def withdraw(options: Namespace) -> None:
    publishing.withdraw(build_batch(_settings(options)).store, options.run)
    tell(f"run {options.run} is withdrawn: what nothing else published is listed no longer; files stay")


def runs(options: Namespace) -> None:
    found = running.known(build_batch(_settings(options)).store)
    if not found:
        tell("no runs yet: stories catalog run catalogs/bedtime.yaml")
        return
    say(tables.runs(found))


COMMANDS: dict[str, Callable[[Namespace], None]] = {
    one.__name__: one for one in (check, estimate, run, report, publish, withdraw, runs)
}


class Progress:
    """A ports.Progress on stderr: bars of the whole run and of the step at hand, a line a chunk."""

    def note(self, text: str) -> None:
        from tqdm import tqdm

        tqdm.write(f"  {tables.line(text)}", file=sys.stderr)

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        from tqdm import tqdm

        with tqdm(total=total, unit=f" {unit}", desc=f"  {name:9}", leave=False, disable=None) as bar:
            yield lambda more: bar.update(more) and None


def _opened(options: Namespace) -> tuple[App, CatalogFile]:
    return build_batch(_settings(options)), reading.read(options.file)


def _settings(options: Namespace) -> Settings:
    return Settings.from_options(os.environ, options)


def _faultless(app: App, file: CatalogFile) -> Survey:
    """Raises RequestError ("bad-catalog")."""
    found = survey(app, file)
    if found.fault_count:
        first = found.faults[0]
        raise reading.bad(
            f"{file.path.name} has faults ({found.fault_count}); line {first.line}: "
            f"{tables.line(first.told)}: stories catalog check {file.path} shows all"
        )
    return found


@contextmanager
def _told_where(app: App, run_id: str) -> Iterator[None]:
    """Also where the run is stopped."""
    try:
        yield
    finally:
        if next(app.store.list(keys.run(run_id, "report.html")), None):
            tell(f"report: {location(app.store, keys.run(run_id, 'report.html'))}")


def _after(app: App, made: Run, options: Namespace) -> None:
    """Publishes where that was asked and nobody has to look first; else says how."""
    due = review.due(app, made)
    if not due.total:
        return
    if due.is_needed:
        say("\n" + due.markdown())
        tell(f"to be looked at: {location(app.store, keys.run(made.id, 'review.html'))}")
    elif options.publish:
        _published(publishing.publish(app, made))
        return
    where = f" --out {shlex.quote(options.out)}" if options.out else ""
    tell(f"not published; to do so: stories catalog publish {made.id} --profile {app.profile}{where}")


def _published(done: publishing.Published) -> None:
    told = [f"{done.cards} stories × languages are listed"]
    told += [f"{done.withheld} withheld"] if done.withheld else []
    told += [f"{done.incomplete} not complete"] if done.incomplete else []
    tell(", ".join(told))


def _newest(app: App) -> str:
    if not (found := running.known(app.store)):
        raise NotFoundError("there are no runs yet: stories catalog run FILE")
    return found[0].id
