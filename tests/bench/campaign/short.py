"""python -m tests.bench.campaign.short JSON: some cases of the campaign, one after the other.

A program of its own: it forks, which a test process full of threads should not. JSON: [[part, trial,
[number]]]. Prints JSON: the faults of all cases, by "trial number".
"""

from __future__ import annotations

import json
import sys
import time

from bench.campaign.__main__ import trials
from bench.campaign.preloading import preload
from bench.campaign.running import attempt

SECONDS = 120.0


def main(cases: str) -> None:
    preload()
    faults = {}
    for part, name, numbers in json.loads(cases):
        (trial,) = [trial for trial in trials(part) if trial.name == name]
        for number in numbers:
            outcome = attempt(trial, 1, time.monotonic() + SECONDS, number)
            faults[f"{name} {number}"] = outcome.faults if outcome else ["no time"]
    print(json.dumps(faults))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
