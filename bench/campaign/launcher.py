"""python -m bench.campaign.launcher PLAN …: the command `stories …` under a plan of hooks.py, given as JSON.

The clock is shifted before the product is imported: some of it takes time.time as a default argument.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def run(plan: str, *arguments: str) -> int:
    values = json.loads(plan)
    ahead, now = values.pop("clock"), time.time
    if ahead:
        time.time = lambda: now() + ahead
    from bench.campaign.hooks import Plan, install
    from pipeline.cli.__main__ import main

    for name in ("calls", "boundaries"):
        values[name] = Path(values[name]) if values[name] not in (None, "None") else None
    over = install(Plan(**values))
    try:
        return main(arguments)
    finally:
        over()


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
