"""`stories catalog`: its argument parser and its commands. Results go to stdout, everything else to stderr.

`stories --help` builds this parser, too: what a command needs is imported when the command runs.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.terminal import say, tell
from pipeline.config.paths import path
from pipeline.config.settings import Settings
from pipeline.errors import NotFoundError, StoriesError
from pipeline.ports import Advance
from pipeline.storage import keys

if TYPE_CHECKING:
    from pipeline.app import App
    from pipeline.batch.publishing import Published
    from pipeline.batch.reading import CatalogFile
    from pipeline.batch.runs import Run

_EXAMPLES = """
examples:
  stories catalog check catalogs/bedtime.yaml       every fault, line by line
  stories catalog estimate catalogs/bedtime.yaml    calls, hours and money, before anything is spent
  stories catalog run catalogs/bedtime.yaml         make what is not made yet; again after any stop
  stories catalog run big.csv --budget 20           stop cleanly when US$ 20 are spent
  stories catalog report                            what became of the newest run
  stories catalog publish RUN --except 4f1c         list the run's stories, but for this one

a catalog file (YAML; a .csv, .tsv or .jsonl of entries is one, too):
  name: bedtime
  locales: [en, fr]             in which languages
  voice: emma                   of `stories voices`; leave it out for each language's own
  pace: 0.9                     0.7 (slow) to 1.3 (fast)
  variants: 1                   stories of each idea
  budget: 20                    US$; leave it out for no bound
  max_failed: 0                 more than so many not made: the run is red
  publish: {review: sample, sample: 0.05}    or none, or all
  entries:
    - a hedgehog who cannot sleep
    - context: a boat made of a walnut shell
      tags: [sea]
      locales: [en, nl]

a table has the columns context, tags, audience, variants, locales, voice, pace; only context must be there,
and a cell holds a list as "sea; night". Cells are separated by commas, semicolons or tabs, in UTF-8 or as
Excel's "Unicode text" (named .csv or .tsv). Its settings are the defaults; for others, a YAML names it, as in
`entries: big.csv`. `experimental: true` has languages, too, that were measured as not intelligible.

RUN is a run's name, of `stories catalog runs`.
"""


def add(verbs: argparse._SubParsersAction[ArgumentParser], shared: ArgumentParser) -> None:
    catalog = verbs.add_parser(
        "catalog",
        help="many stories from one file, in many languages",
        description="Many stories from one file, in many languages: made once, reviewed, published together.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = catalog.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parsers: dict[str, ArgumentParser] = {}
    for command, text in (
        (check, "every fault of a catalog file, with its line; and what the file asks for"),
        (estimate, "calls, hours and money for what is not made yet; spends nothing"),
        (run, "make what a catalog asks for and is not made yet, and report"),
        (report, "what became of a run: made, failed and why, cost, time; kept as JSON and HTML"),
        (publish, "list a run's stories in the API's GET /stories, all at once"),
        (withdraw, "list a run's stories no longer; they stay where they are"),
        (runs, "the runs, the newest first"),
    ):
        name = command.__name__
        parsers[name] = inner.add_parser(name, parents=[shared], help=text, description=text)
        parsers[name].set_defaults(command=command)
    for name in ("check", "estimate", "run"):
        parsers[name].add_argument("file", type=Path, metavar="FILE", help="a .yaml, .csv, .tsv or .jsonl")
    for name in ("publish", "withdraw"):
        parsers[name].add_argument("run", metavar="RUN")
    parsers["report"].add_argument("run", nargs="?", metavar="RUN", help="default: the newest")
    parsers["publish"].add_argument(
        "--except",
        dest="withheld",
        action="extend",
        nargs="+",
        default=[],
        metavar="ID",
        help="without these: a story's id, its first digits, or ID/LOCALE; later runs leave them out, too",
    )
    _add_run_options(parsers["run"])


def _add_run_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--chunk-size",
        type=_count,
        default=0,
        metavar="N",
        help="stories in a chunk (default: by the engines' speed)",
    )
    parser.add_argument("--budget", type=_dollars, metavar="US$", help="in place of the catalog's")
    parser.add_argument("--publish", action="store_true", help="list them, where no review is due")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100000")
    return int(text)


def _dollars(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of US$")
    return amount


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
    from pipeline.bootstrap import weights
    from pipeline.cli.weights import fetch, fetch_translators

    app, file = _open(options)
    run_id = f"{file.settings.name}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    fetch(weights(_settings(options)), _settings(options))  # before the run is on record
    planned = plan(app, file, run_id, options.chunk_size, options.budget)
    if planned.todo:
        chunks = Run(app.store, run_id)
        items = (item for number in range(1, planned.chunks + 1) for item in chunks.items(number))
        if fetch_translators(_settings(options), (locale for item in items for locale in item.locales)):
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


class RunProgress:
    """A ports.Progress on stderr: bars of the whole run and of the current step, a line a chunk."""

    def note(self, text: str) -> None:
        from tqdm import tqdm

        from pipeline.batch.tables import one_line

        with tqdm.external_write_mode(file=sys.stderr):
            tell(f"  {one_line(text)}")

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        from tqdm import tqdm

        with tqdm(total=total, unit=f" {unit}", desc=f"  {name:9}", leave=False, disable=None) as bar:
            yield lambda more: bar.update(more) and None


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
