"""Engines behind a network while their servers fail: bounded calls, bounded seconds, a named error.

Requests are counted at the server: the local AWS for SageMaker, Translate, Polly and S3, and scripted servers
for the OpenAI protocol and for a body that is no answer at all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import pytest

from bench.campaign.frame import Case, Outcome, Trial
from infra.local_aws import LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.fake import FakeText
from pipeline.errors import StoriesError, UnavailableError
from pipeline.storage.cache import CachedText
from tests.engines.aws import faulty as aws
from tests.engines.aws.loopback import no_backoff
from tests.engines.contracts.text_contract import PROMPT
from tests.engines.loopback import Loopback, Request
from tests.engines.openai import faulty as openai
from tests.engines.openai.recorded import OLLAMA
from tests.engines.openai.serving import ModelServer

# Seconds of one call, its retries included; botocore's pauses between them are left out.
_LONGEST = 10.0
_PAGE = b"<html><body>Sign in to the network</body></html>"
# What a store's get returns is judged by its reader: the cache, which knows the checksum of what it wrote.
_CALLS: dict[str, Callable[[Clients], object]] = {
    **{name: call for name, (_, call, _) in aws.ENGINES.items()},
    "s3 get": lambda clients: CachedText(FakeText(), aws.bucket(clients)).complete(PROMPT),
}
_WRITERS = (*openai.FAULTS, *openai.WAITS)


@lru_cache(maxsize=1)
def _local_aws() -> LocalAws:
    """Of this process, until it ends."""
    local = LocalAws("fake").__enter__()
    os.environ.update({**local.environment, "STORIES_BUCKET": local.make_bucket()})
    return local


def cloud(case: Case) -> Outcome:
    engine, fault = aws.CASES[case.number % len(aws.CASES)]
    outcome, local = Outcome(), _local_aws()
    with _quick():
        if engine == "s3 get":
            aws.bucket(Clients()).put("existing", b"y" * 1000)
        local.reset()
        begun = time.monotonic()
        error, attempts = aws.failure(local, engine, fault)
        seconds = time.monotonic() - begun
    kind, allowed = aws.expected(engine, fault)
    arrived = local.requests(aws.ENGINES[engine][0])
    outcome.check(arrived in allowed, f"{engine}, {fault}: {arrived} requests, {allowed} are allowed")
    outcome.check(arrived == attempts, f"{engine}, {fault}: {attempts} requests sent, {arrived} arrived")
    _judge(outcome, f"{engine}, {fault}", error, kind, seconds, arrived)
    return outcome


def wrong_body(case: Case) -> Outcome:
    """200, and a page instead of what was asked for, as a network's sign-in page is."""
    engine = list(_CALLS)[case.number % len(_CALLS)]
    outcome, error = Outcome(), None
    with Loopback(_page) as server, _quick(), _account(server.url):
        begun = time.monotonic()
        try:
            _CALLS[engine](Clients())
        except StoriesError as raised:
            error = raised
        seconds = time.monotonic() - begun
        requests = len(server.received)
    # A put has no body to be wrong.
    kind = None if engine == "s3 put" else StoriesError
    outcome.check(requests <= max(aws.LIMITS.values()) + 3, f"{engine}: {requests} requests")
    _judge(outcome, f"{engine}, wrong body", error, kind, seconds, requests)
    return outcome


def writer(case: Case) -> Outcome:
    name = _WRITERS[case.number % len(_WRITERS)]
    fault = openai.FAULTS.get(name)
    outcome, error, options = Outcome(), None, {}
    if fault is None:
        reply, patience, words = openai.WAITS[name]
        options, most, kind = {"patience": patience}, patience.attempts, UnavailableError
    else:
        reply, most, kind, words = fault.reply, fault.requests, fault.error, fault.words
    with ModelServer(OLLAMA.models, reply) as server:
        begun = time.monotonic()
        try:
            server.engine(key=openai.SECRET, **options).complete(PROMPT)
        except StoriesError as raised:
            error = raised
        seconds, requests = time.monotonic() - begun, len(server.completions)
    outcome.check(1 <= requests <= most, f"{name}: {requests} requests, {most} are allowed")
    outcome.check(words in str(error), f"{name}: the error does not say {words!r}: {error}")
    outcome.check(openai.SECRET not in f"{error}{error!r}", f"{name}: the key is in the error")
    _judge(outcome, name, error, kind, seconds, requests)
    return outcome


def _judge(
    outcome: Outcome,
    name: str,
    error: StoriesError | None,
    kind: type[StoriesError] | None,
    seconds: float,
    requests: int,
) -> None:
    fits = error is None if kind is None else isinstance(error, kind)
    outcome.check(fits, f"{name}: {error!r}, not {kind and kind.__name__}")
    outcome.check(error is None or "\n" not in str(error), f"{name}: the error has more than one line")
    outcome.check(seconds < _LONGEST, f"{name}: {seconds:.1f} s")
    outcome.add("most requests", requests)
    outcome.add("most seconds", round(seconds, 1))


def _page(request: Request) -> None:
    request.reply(_PAGE, Content_Type="text/html")


@contextmanager
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        no_backoff(patch)
        yield


@contextmanager
def _account(url: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
            patch.delenv(name)
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "eu-west-1",
            "STORIES_ENDPOINT": "campaign",
            "STORIES_BUCKET": "campaign",
        }.items():
            patch.setenv(name, value)
        yield


TRIALS = (
    Trial("SageMaker, Translate, Polly, S3", "faults", cloud, len(aws.CASES), len(aws.CASES) * 10, share=3),
    Trial("the same, wrong body", "faults", wrong_body, len(_CALLS), len(_CALLS) * 10),
    Trial("OpenAI protocol", "faults", writer, len(_WRITERS), len(_WRITERS) * 10),
)
