"""What may be said to `stories catalog`. What it does is in batches.py, imported when it is done."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

_EXAMPLES = """
examples:
  stories catalog check catalogs/bedtime.yaml       what is wrong with it, line by line
  stories catalog estimate catalogs/bedtime.yaml    calls, hours and money, before anything is spent
  stories catalog run catalogs/bedtime.yaml         make what is not made yet; again after any stop
  stories catalog run big.csv --budget 20           stop cleanly when US$ 20 are spent
  stories catalog report                            what became of the newest run
  stories catalog publish RUN --except 4f1c         list the run's stories, but for this one

a catalog file (YAML; a .csv or .jsonl of entries is one, too):
  name: bedtime
  locales: [en, fr]             in which languages
  variants: 1                   stories of each idea
  budget: 20                    US$; leave it out for no bound
  max_failed: 0                 more than so many not made: the run is red
  publish: {review: sample, sample: 0.05}    or none, or all
  entries:
    - a hedgehog who cannot sleep
    - context: a boat made of a walnut shell
      tags: [sea]
      locales: [en, nl]

a table has the columns context, tags, audience, variants, locales; only context must be there, and a
cell holds a list as "sea; night". Its settings are the defaults; for others, a YAML names it, as in
`entries: big.csv`. `experimental: true` has languages, too, that were measured as not intelligible.

RUN is a run's name, of `stories catalog runs`.
"""
_Parsers = argparse._SubParsersAction


def add(verbs: _Parsers[argparse.ArgumentParser], shared: argparse.ArgumentParser) -> None:
    catalog = verbs.add_parser(
        "catalog",
        help="many stories from one file, in many languages",
        description="Many stories from one file, in many languages: made once, reviewed, published together.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = catalog.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        parser = inner.add_parser(name, parents=[shared], help=text, description=text)
        parser.set_defaults(command=_later(name))
        return parser

    for name, text in (
        ("check", "every fault of a catalog file, with its line; and what the file asks for"),
        ("estimate", "calls, hours and money for what is not made yet; spends nothing"),
    ):
        _file(verb(name, text))
    run = verb("run", "make what a catalog asks for and is not made yet, and report")
    _file(run)
    run.add_argument(
        "--chunk-size",
        type=_whole,
        default=0,
        metavar="N",
        help="stories in a chunk (default: chosen)",
    )
    run.add_argument("--budget", type=_dollars, metavar="US$", help="in place of the catalog's")
    run.add_argument("--publish", action="store_true", help="list them, where no review is due")
    report = verb("report", "what became of a run: made, failed and why, cost, time; kept as JSON and HTML")
    report.add_argument("run", nargs="?", metavar="RUN", help="default: the newest")
    publish = verb("publish", "list a run's stories in the API's GET /stories, all at once")
    publish.add_argument("run", metavar="RUN")
    publish.add_argument(
        "--except",
        dest="withheld",
        action="extend",
        nargs="+",
        default=[],
        metavar="ID",
        help="but for these: a story's id, how it begins, or ID/LOCALE; later runs leave them out, too",
    )
    withdraw = verb("withdraw", "list a run's stories no longer; they stay where they are")
    withdraw.add_argument("run", metavar="RUN")
    verb("runs", "the runs there are, the newest first")


def _later(name: str) -> Callable[[argparse.Namespace], None]:
    def command(options: argparse.Namespace) -> None:
        from pipeline.cli import catalog as batches  # reads YAML and draws, which no other command needs

        batches.COMMANDS[name](options)

    return command


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a .yaml, .csv or .jsonl")


def _whole(told: str) -> int:
    if not told.isascii() or not told.isdigit() or not 1 <= int(told) <= 100_000:
        raise argparse.ArgumentTypeError(f"{told!r} is no number from 1 to 100000")
    return int(told)


def _dollars(told: str) -> float:
    try:
        amount = float(told)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < 1e9:
        raise argparse.ArgumentTypeError(f"{told!r} is no amount of US$")
    return amount
