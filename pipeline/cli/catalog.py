"""`stories catalog`: its argument parser."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser
from pathlib import Path

from pipeline.cli.catalog_commands import check, estimate, publish, report, run, runs, withdraw
from pipeline.cli.catalog_edit import edit
from pipeline.cli.catalog_export import export
from pipeline.cli.catalog_table import table
from pipeline.cli.edit import add_options
from pipeline.exports import formats

_EXAMPLES = """
examples:
  stories catalog check catalogs/bedtime.yaml       every fault, line by line
  stories catalog estimate catalogs/bedtime.yaml    calls, hours and money, before anything is spent
  stories catalog run catalogs/bedtime.yaml         make what is not made yet; again after any stop
  stories catalog run big.csv --budget 20           stop cleanly when US$ 20 are spent
  stories catalog report                            what became of the newest run
  stories catalog edit RUN 4f1c                     change its words in $EDITOR; it is published so
  stories catalog publish RUN --except 4f1c         list the run's stories, but for this one
  stories catalog export RUN --format epub --folder books   a book of each of its stories and languages
  stories catalog table RUN --file made.parquet     a row of each, for pandas, Athena, Spark

a catalog file (YAML; a .csv, .tsv or .jsonl of entries is one, too):
  name: bedtime
  locales: [en, fr]             in which languages
  voice: emma                   of `stories voices`; leave it out for each language's own
  pace: 0.9                     0.7 (slow) to 1.3 (fast)
  audience: tiny                tiny (2 to 4), young (4 to 7), older (7 to 10), or words of your own
  length: good-night            short, good-night or long
  variants: 1                   stories of each idea
  budget: 20                    US$; leave it out for no bound
  max_failed: 0                 more than so many not made: the run is red
  publish: {review: sample, sample: 0.05}    or none, or all
  entries:
    - a hedgehog who cannot sleep
    - context: a boat made of a walnut shell
      tags: [sea]
      locales: [en, nl]

a table has the columns context, tags, audience, length, variants, locales, voice, pace; only context must be
there, and a cell holds a list as "sea; night". Cells are separated by commas, semicolons or tabs, in UTF-8 or
as Excel's "Unicode text" (named .csv or .tsv). Its settings are the defaults; for others, a YAML names it, as
in `entries: big.csv`. `experimental: true` has languages, too, that were measured as not intelligible.

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
        (edit, "change words of a run's story in its review; it is then published so"),
        (publish, "list a run's stories in the API's GET /stories, all at once"),
        (export, "each story as a file in a folder, in a format of `stories export`"),
        (table, "what a run made as Parquet, one row a story and language, for pandas, Athena, Spark"),
        (withdraw, "list a run's stories no longer; they stay where they are"),
        (runs, "the runs, the newest first"),
    ):
        name = command.__name__
        parsers[name] = inner.add_parser(name, parents=[shared], help=text, description=text)
        parsers[name].set_defaults(command=command)
    for name in ("check", "estimate", "run"):
        parsers[name].add_argument("file", type=Path, metavar="FILE", help="a .yaml, .csv, .tsv or .jsonl")
    for name in ("edit", "publish", "withdraw", "export", "table"):
        parsers[name].add_argument("run", metavar="RUN")
    parsers["edit"].add_argument("id", metavar="ID", help="of a story of the run, or how it begins")
    add_options(parsers["edit"])
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
    _add_export_options(parsers["export"])
    _add_table_options(parsers["table"])
    _add_run_options(parsers["run"])


def _add_export_options(parser: ArgumentParser) -> None:
    parser.add_argument("--format", required=True, choices=tuple(formats.FORMATS))
    parser.add_argument("--folder", required=True, metavar="DIR", help="where to write the files")
    parser.add_argument(
        "--locale", action="append", metavar="TAG", help="only this language; may be repeated"
    )
    parser.add_argument("--overwrite", action="store_true", help="write also what is there already")


def _add_table_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--file", metavar="FILE", help="one file (default: parts in the folder runs/RUN/table of the store)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")


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
