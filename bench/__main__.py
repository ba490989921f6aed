"""python -m bench [--quick] [NAME …]: the measurements, as a table; kept in bench/out."""

from __future__ import annotations

import argparse
import time
from importlib import import_module
from pathlib import Path

from bench import machine, report
from bench.figures import Result

OUT = Path(__file__).parent / "out"
# In the order in which they run: what is cheap and what most people want to know comes first.
NAMES = (
    "startup",
    "api",
    "push",
    "narration",
    "overhead",
    "locales",
    "batch",
    "catalog",
    "demo",
    "page",
    "first-word",
)
# Not in a quick run: `locales` compares the same and more; `first-word` takes over three minutes.
_NOT_QUICK = ("overhead", "first-word")
# Only by name: plans 100,000 stories; starts servers; compares voices when there is a new one;
# measures no time.
ON_REQUEST = ("scale", "scheduler", "voices", "safety")


def measure(name: str, quick: bool) -> Result:
    """`locales` is the second measurement of bench/overhead.py; every other one has a module of its own."""
    if name == "locales":
        return import_module("bench.overhead").measure_locales(quick)  # type: ignore[no-any-return]
    return import_module(f"bench.{name.replace('-', '_')}").measure(quick)  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs of each")
    known = [*NAMES, *ON_REQUEST]
    choices = f"of {', '.join(known)} (default: all but {', '.join(ON_REQUEST)})"
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*known, []], help=choices)
    options = parser.parse_args()
    names = options.names or [name for name in NAMES if not (options.quick and name in _NOT_QUICK)]
    description = machine.describe()
    records = report.kept(description, OUT)
    for name in names:
        load, start = machine.load(), time.perf_counter()
        command = f"python -m bench{' --quick' if options.quick else ''} {name}"
        records[name] = report.record(command, load, measure(name, options.quick))
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
        # After each: results are kept even if a later measurement fails.
        report.save({name: records[name] for name in known if name in records}, description, OUT)
    print(f"\n{report.table([records[name] for name in names])}\n\nkept in {OUT}")


if __name__ == "__main__":
    main()
