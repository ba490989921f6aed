"""python -m bench [--quick] [NAME …]: the measurements, as a table; kept in bench/out."""

from __future__ import annotations

import argparse
import time
from importlib import import_module
from pathlib import Path

from bench import machine, report
from bench.figures import Finding
from bench.result import Result

OUT = Path(__file__).parent / "out"
# In the order in which they run: what is cheap and what most people ask for comes first.
NAMES = ("startup", "narration", "overhead", "locales", "batch", "demo")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs of each")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[*NAMES, []], help=f"of {', '.join(NAMES)}"
    )
    options = parser.parse_args()
    seen = machine.describe()
    told = " ".join(["python -m bench", *(["--quick"] if options.quick else []), *options.names])
    findings: list[Finding] = []
    details = {}
    for name in options.names or NAMES:
        began = time.perf_counter()
        result: Result = import_module(f"bench.{name}").measure(options.quick)
        findings += result.findings
        details[name] = result.details
        print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)
        # After each: what was measured is kept, also where a later one fails.
        report.save(findings, seen, told, OUT, details)
    print(f"\n{report.table(findings)}\n\nkept in {OUT}")
    for one in findings:
        if one.note:
            print(f"  {one.name}: {one.note}")


if __name__ == "__main__":
    main()
