"""Load on the local AWS with the quotas that AWS publishes for a new account.

`python -m tests.infra.load` prints the figures of docs/operations.md; test_load.py is its short form.
"""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from infra.local_aws import LocalAws
from infra.local_aws.rates import HELD
from pipeline.batch.report.figures import Report
from pipeline.batch.running import run
from pipeline.bootstrap import build_batch
from pipeline.config.settings import Settings
from pipeline.ports import NoProgress
from tests.batch.catalogs import plan, tales
from tests.infra import branches
from tests.infra.branches import SPEAK, Flow, Result

NEURAL = "SynthesizeSpeech neural"


def at_once(flow: Flow, count: int, locales: Sequence[str] = ("en",)) -> list[Result]:
    """Different stories through the workflow's handlers, each with clients of its own."""
    jobs = [(flow.accept(variant), locales[variant % len(locales)]) for variant in range(count)]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda job: flow.run(*job), jobs))


def chunk(folder: Path, stories: int, locales: Sequence[str]) -> Report:
    """A catalog of one chunk in this process, by the profile aws. No pause before a second attempt."""
    app = build_batch(Settings.from_env(os.environ, profile="aws"))
    ideas = [f"a shy snail and {number} friends" for number in range(2, stories + 2)]
    planned = plan(app, tales(folder, ideas, locales=list(locales)), "load", stories)
    return run(app, planned, NoProgress(), pause=lambda _: None)


def main() -> int:
    with LocalAws("fake") as aws:
        with branches.flowing(aws) as flow, redirect_stdout(io.StringIO()):
            at_once(flow, 1)  # imports, and reads botocore's models
        for count in (1, 3, 6):
            with held(aws), branches.flowing(aws) as flow:
                began = time.perf_counter()
                with redirect_stdout(io.StringIO()):
                    results = at_once(flow, count)
                done = sum(result.state == "done" for result in results)
                _print(aws, f"{count} stories at once", done, time.perf_counter() - began)
        own = {**aws.environment, "STORIES_BUCKET": aws.make_bucket()}
        with held(aws), patch.dict(os.environ, own), TemporaryDirectory() as folder:
            aws.reset()
            began = time.perf_counter()
            report = chunk(Path(folder), 6, ("en", "fr", "nl"))
            _print(aws, "a catalog of 6 stories x 3", report.made, time.perf_counter() - began)
    return 0


@contextmanager
def held(aws: LocalAws) -> Iterator[None]:
    """The local AWS holds the published quotas, at Polly's own speed."""
    rates, seconds = aws.options.rates, aws.options.seconds
    with patch.dict(rates, HELD["rates"]), patch.dict(seconds, HELD["seconds"]):
        yield


def _print(aws: LocalAws, what: str, editions: int, seconds: float) -> None:
    requests, refused = aws.requests(SPEAK), aws.refused(NEURAL)
    row = f"{what}: {editions} made, {requests} requests to Polly, {refused} refused, {seconds:.0f} s"
    print(row, flush=True)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
