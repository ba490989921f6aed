"""python -m bench [--quick] [NAME …]: the measurements, as a table; kept in bench/out."""

from __future__ import annotations

import argparse
import time
from importlib import import_module
from pathlib import Path

from bench import machine, report
from bench.result import Result

OUT = Path(__file__).parent / "out"
# In the order in which they run: what is cheap and what most people ask for comes first.
NAMES = ("startup", "api", "narration", "overhead", "locales", "batch", "catalog", "demo", "page")
# Only where they are asked for: they start servers, and take long.
ASKED = ("scheduler",)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs of each")
    known = [*NAMES, *ASKED]
    told = f"of {', '.join(known)} (default: all but {', '.join(ASKED)})"
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*known, []], help=told)
    options = parser.parse_args()
    names = options.names or NAMES
    seen = machine.describe()
    records = report.kept(seen, OUT)
    for name in names:
        load, began = machine.load(), time.perf_counter()
        result: Result = import_module(f"bench.{name}").measure(options.quick)
        command = f"python -m bench{' --quick' if options.quick else ''} {name}"
        records[name] = report.Record(command, load, tuple(result.findings), result.details)
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
        # After each: what was measured is kept, also where a later one fails.
        report.save({name: records[name] for name in known if name in records}, seen, OUT)
    findings = [one for name in names for one in records[name].findings]
    print(f"\n{report.table(findings)}\n\nkept in {OUT}")
    for one in findings:
        if one.note:
            print(f"  {one.name}: {one.note}")


if __name__ == "__main__":
    main()
