"""The long run of schemathesis: python -m tests.api.fuzz --requests 10000.

Starts `stories serve` with the fake profile on this machine, sends the requests that schemathesis generates
from its document, half of them invalid, follows each accepted story, and prints the number of requests, the
statuses, every distinct failure, and the seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import Failure, FailureGroup

from tests.api.checking import CONFIG
from tests.api.servers import serving
from tests.command import Stories

# Characters of a failed request: a body may be 100 kB.
_SHOWN = 1_000
_QUIET: dict[str, Any] = {
    "max_examples": 25,
    "derandomize": False,
    "deadline": None,
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}


@dataclass
class Tally:
    """statuses: by (method, path, status). failures: the first of each kind, with what was sent."""

    statuses: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return self.statuses.total()

    def count(self, case: Case, status: int) -> None:
        self.statuses[case.method, case.operation.path, status] += 1

    def judge(self, case: Case, response: Any, **more: Any) -> None:
        try:
            case.validate_response(response, **more)
        except FailureGroup as group:
            for failure in group.exceptions:
                if isinstance(failure, Failure):
                    call = f"{case.method} {case.operation.path} {response.status_code}"
                    name = f"{failure.title}: {call}"
                    self.failures.setdefault(name, f"{failure.message}\n{case.as_curl_command()}"[:_SHOWN])


@dataclass
class Fuzz:
    schema: Any
    session: requests.Session
    tally: Tally = field(default_factory=Tally)

    def round(self, number: int) -> None:
        """Calls each operation with valid and with invalid requests."""
        for operation in self.schema.get_all_operations():
            for mode in GenerationMode:

                @seed(number)
                @settings(**_QUIET)
                @given(case=operation.ok().as_strategy(generation_mode=mode))
                def call(case: Case) -> None:
                    self.call(case)

                with suppress(Unsatisfiable):  # an address without parameters has no invalid requests
                    call()

    def call(self, case: Case) -> Any:
        response = case.call(session=self.session)
        self.tally.count(case, response.status_code)
        self.tally.judge(case, response)
        if case.method == "POST" and response.status_code in {200, 202}:
            self.follow(response.json())
        return response

    def follow(self, story: dict[str, Any]) -> None:
        """Requests an accepted story, and its translation."""
        parameters = {"story_id": story["id"], "locale": story["locale"]}
        self.call(self.schema["/stories/{story_id}/{locale}"]["GET"].Case(path_parameters=parameters))
        if story["locale"] == "en":
            again = self.schema["/stories/{story_id}/locales"]["POST"]
            body = {"locale": "fr-CA"}
            parameters = {"story_id": story["id"]}
            self.call(again.Case(path_parameters=parameters, body=body, media_type="application/json"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    wanted = parser.parse_args().requests
    started, number = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="stories-fuzz-") as folder:
        environ = {"STORIES_WORKERS": "2", "STORIES_WAITING": "64"}
        with serving(Stories(Path(folder)), **environ) as [server], requests.Session() as session:
            schema = schemathesis.openapi.from_url(f"{server.base}/openapi.json", config=CONFIG)
            fuzz = Fuzz(schema, session)
            while fuzz.tally.requests < wanted:
                number += 1
                fuzz.round(number)
            alive = server("GET", "/health").status == 200
    return _report(fuzz.tally, time.monotonic() - started, alive)


def _report(tally: Tally, seconds: float, alive: bool) -> int:
    """0 where there was no failure and no 5xx."""
    out = sys.stdout
    totals: Counter[int] = Counter()
    for (method, path, status), count in sorted(tally.statuses.items()):
        totals[status] += count
        out.write(f"{count:6} {status} {method} {path}\n")
    for where, what in tally.failures.items():
        out.write(f"\nFAILURE {where}\n{what}\n")
    counts = ", ".join(f"{count} x {status}" for status, count in sorted(totals.items()))
    broken = sum(count for status, count in totals.items() if status >= 500)
    out.write(
        f"\n{tally.requests} requests in {seconds:.0f} s: {counts}; {broken} 5xx, "
        f"{len(tally.failures)} kinds of failure; the server {'lives' if alive else 'is gone'}\n"
    )
    return int(bool(tally.failures or broken or not alive))


if __name__ == "__main__":
    sys.exit(main())
