"""One call of each AWS engine while its service fails in one way: what the server saw, how long, our error.

`python -m tests.engines.aws.faulty` prints the table of all of them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from infra.local_aws import Fault, LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.polly import PollySpeech
from pipeline.engines.aws.s3 import S3Store
from pipeline.engines.aws.sagemaker import SageMakerText
from pipeline.engines.aws.translate import AmazonTranslation
from pipeline.engines.fake import MemoryStore
from pipeline.errors import StoriesError
from pipeline.ports import Store
from pipeline.storage.cache import CachedSpeech, CachedText, CachedTranslation
from pipeline.types import Prompt, Voice

# Seconds of silence that a client bears, instead of up to 68; and how long a dripping answer takes.
SILENCE, DRIP = 1.0, 2.0
PROMPT = Prompt("fault@1", "You tell stories.", "Idea: a shy snail", max_tokens=200)
FAULTS = ("throttle", "error500", "error503", "reset", "hang", "drip", "truncate")
OF_STREAMS = ("break", "stream_error")
OF_MODELS = ("model_error", "model_not_ready")


def _writer(streamed: bool) -> Callable[[Clients, Store], object]:
    def write(clients: Clients, kept: Store) -> object:
        engine = SageMakerText(clients, os.environ["STORIES_ENDPOINT"], streamed=streamed)
        return CachedText(engine, kept).complete(PROMPT)

    return write


def _translate(clients: Clients, kept: Store) -> object:
    return CachedTranslation(AmazonTranslation(clients), kept).translate(("Good night.",), "en", "fr")


def _speak(clients: Clients, kept: Store) -> object:
    return CachedSpeech(PollySpeech(clients), kept).synthesize("Good night.", Voice("Lea", "fr", "polly"))


def _bucket(clients: Clients) -> S3Store:
    return S3Store(clients, os.environ["STORIES_BUCKET"])


# Engine -> the operation that fails, a call, and the faults that it can meet beside the common ones.
ENGINES: dict[str, tuple[str, Callable[[Clients, Store], object], tuple[str, ...]]] = {
    "sagemaker, streamed": (
        "InvokeEndpointWithResponseStream",
        _writer(streamed=True),
        (*OF_STREAMS, *OF_MODELS),
    ),
    "sagemaker, buffered": ("InvokeEndpoint", _writer(streamed=False), OF_MODELS),
    "translate": ("TranslateText", _translate, ()),
    "polly": ("SynthesizeSpeech", _speak, ()),
    "s3 get": ("GetObject", lambda clients, _: _bucket(clients).get("there"), ()),
    "s3 put": ("PutObject", lambda clients, _: _bucket(clients).put("new", b"x" * 1000), ()),
    "s3 list": ("ListObjectsV2", lambda clients, _: list(_bucket(clients).list("")), ()),
}
CASES = [(engine, fault) for engine, (_, _, own) in ENGINES.items() for fault in (*FAULTS, *own)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """requests: how many the server saw. error: None where an answer came all the same.

    kept: what lies in the store of remembered calls afterwards.
    """

    requests: int
    seconds: float
    error: StoriesError | None
    kept: tuple[str, ...]


def table(aws: LocalAws) -> dict[tuple[str, str], Outcome]:
    """Every engine with every fault that it can meet; the engines beside one another, for each waits."""
    _bucket(Clients()).put("there", b"y" * 1000)

    def column(engine: str) -> list[Outcome]:
        return [meet(aws, *case) for case in CASES if case[0] == engine]

    with ThreadPoolExecutor(len(ENGINES)) as pool:
        outcomes = [one for told in pool.map(column, ENGINES) for one in told]
    return dict(zip(CASES, outcomes, strict=True))


def meet(aws: LocalAws, engine: str, fault: str) -> Outcome:
    operation, call, _ = ENGINES[engine]
    clients = Clients(timeouts=dict.fromkeys(("sagemaker-runtime", "translate", "polly", "s3"), SILENCE))
    kept = MemoryStore()
    before = aws.requests(operation)
    aws.inject(operation, Fault(fault, None, DRIP))
    error = None
    began = time.perf_counter()
    try:
        call(clients, kept)
    except StoriesError as raised:
        error = raised
    finally:
        aws.clear(operation)
    seconds = time.perf_counter() - began
    return Outcome(aws.requests(operation) - before, seconds, error, tuple(kept.list("")))


def main() -> None:
    with LocalAws("fake") as aws:
        os.environ.update(aws.environment)
        sys.stdout.write("| engine | fault | requests | seconds | our error |\n|---|---|---|---|---|\n")
        for (engine, fault), told in table(aws).items():
            error = f"{type(told.error).__name__}: {told.error}" if told.error else "none: the answer came"
            sys.stdout.write(f"| {engine} | {fault} | {told.requests} | {told.seconds:.1f} | {error} |\n")


if __name__ == "__main__":
    main()
