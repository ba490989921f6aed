"""python -m bench.campaign [--long] [--only PART] [--without PART] [--seed N] [--case "TRIAL N"].

Prints one table and keeps it in bench/out/campaign.md. Exit status: 0 where all held; 1 where an invariant
was violated, or a row was not run or not completed.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.campaign import disks, table
from bench.campaign.frame import Row, Trial
from bench.campaign.running import run
from bench.machine import cpu_model

# Seconds of each part in minutes' mode: in all a quarter of an hour, with a minute for cases that take long.
# Each is a module of this folder.
PARTS = {
    "kills": 280,
    "power": 135,
    "engines": 35,
    "disk": 70,
    "damage": 185,
    "requests": 110,
    "mutations": 85,
}
_LONG = 40  # times as many seconds, at most
OUT = Path(__file__).parents[1] / "out" / "campaign.md"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    wanted = [name for name in options.only or PARTS if name not in options.without]
    disks.sweep()
    started = time.monotonic()
    rows: list[Row] = []
    try:
        for name in wanted:
            for row in _part(name, options):
                rows.append(row)
                _keep(rows, options, time.monotonic() - started)
    except KeyboardInterrupt:
        print("stopped: what was done is below", file=sys.stderr)
    print(f"\n{table.columns(rows)}\n")
    for line in table.violations(rows):
        print(f"VIOLATED {line}")
    print(f"seed {options.seed}; {time.monotonic() - started:.0f} s; kept in {OUT}")
    return int(not rows or any(row.verdict != "held" for row in rows))


def trials(name: str) -> tuple[Trial, ...]:
    """Of the module of that name."""
    return tuple(import_module(f"bench.campaign.{name}").TRIALS)


def _part(name: str, options: argparse.Namespace) -> Iterator[Row]:
    seconds = PARTS[name] * (_LONG if options.long else 1)
    trial_name, number = _named(options.case)
    chosen = [trial for trial in trials(name) if trial_name in ("", trial.name)]
    shares = sum(trial.share for trial in chosen)
    for trial in chosen:
        row = run(name, trial, options.seed, seconds * trial.share / shares, options.long, number)
        print(f"{name}: {row.name}: {row.done} {row.unit}, {row.verdict}, {row.seconds:.0f} s", flush=True)
        yield row


def _named(case: str) -> tuple[str, int | None]:
    """The trial, and the case of it where there is a number behind its name."""
    name, _, number = case.rpartition(" ")
    return (name, int(number)) if number.isdigit() else (case, None)


def _keep(rows: Sequence[Row], options: argparse.Namespace, seconds: float) -> None:
    about: dict[str, Any] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{cpu_model()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "seed": options.seed,
        "mode": "long" if options.long else "minutes",
        "seconds": f"{seconds:.0f}",
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(table.markdown(rows, about), "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.campaign", description=__doc__)
    parser.add_argument("--long", action="store_true", help="hours: the large numbers")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; may be repeated")
    parser.add_argument("--without", action="append", choices=PARTS, default=[], help="all but this part")
    parser.add_argument("--seed", type=int, default=1, help="of every random choice (default: 1)")
    parser.add_argument(
        "--case",
        default="",
        metavar='"TRIAL N"',
        help="one case again, as a violation names it; or all of a trial",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
