"""One call of each AWS engine while its service fails in one way.

`python -m tests.engines.aws.faulty` prints the table of all of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from infra.local_aws import Fault, LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.polly import PollySpeech
from pipeline.engines.aws.s3 import S3Store
from pipeline.engines.aws.sagemaker import SageMakerText
from pipeline.engines.aws.translate import AmazonTranslation
from pipeline.errors import StoriesError
from pipeline.types import Prompt, Voice
from tests.engines.aws.loopback import count_attempts

# Seconds of silence after which a client gives up a service that hangs, and any other service.
HANGS_S, PATIENCE_S = 0.3, 30.0
DRIP_S = 0.2
PROMPT = Prompt("fault@1", "You tell stories.", "Idea: a shy snail", max_tokens=200)
FAULTS = ("throttle", "error500", "error503", "reset", "hang", "drip", "truncate")
OF_STREAMS = ("break", "stream_error")
OF_MODELS = ("model_error", "model_not_ready")


def _write(clients: Clients, streamed: bool) -> object:
    return SageMakerText(clients, os.environ["STORIES_ENDPOINT"], streamed=streamed).complete(PROMPT)


def _translate(clients: Clients) -> object:
    return AmazonTranslation(clients).translate(("Good night.",), "en", "fr")


def _speak(clients: Clients) -> object:
    return PollySpeech(clients).synthesize("Good night.", Voice("Lea", "fr", "polly"))


def _bucket(clients: Clients) -> S3Store:
    return S3Store(clients, os.environ["STORIES_BUCKET"])


# Engine -> the operation that fails, a call, and the faults that it can meet beside the common ones.
ENGINES: dict[str, tuple[str, Callable[[Clients], object], tuple[str, ...]]] = {
    "sagemaker, streamed": (
        "InvokeEndpointWithResponseStream",
        lambda clients: _write(clients, streamed=True),
        (*OF_STREAMS, *OF_MODELS),
    ),
    "sagemaker, buffered": ("InvokeEndpoint", lambda clients: _write(clients, streamed=False), OF_MODELS),
    "translate": ("TranslateText", _translate, ()),
    "polly": ("SynthesizeSpeech", _speak, ()),
    "s3 get": ("GetObject", lambda clients: _bucket(clients).get("existing"), ()),
    "s3 put": ("PutObject", lambda clients: _bucket(clients).put("new", b"x" * 1000), ()),
    "s3 list": ("ListObjectsV2", lambda clients: list(_bucket(clients).list("")), ()),
}
CASES = [(engine, fault) for engine, (_, _, own) in ENGINES.items() for fault in (*FAULTS, *own)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """requests: how many the client sent. error: None where a reply came all the same."""

    requests: int
    error: StoriesError | None


def outcome(aws: LocalAws, engine: str, fault: str) -> Outcome:
    """With clients of its own: botocore's client limits its retries in all."""
    operation, call, _ = ENGINES[engine]
    silence = HANGS_S if fault == "hang" else PATIENCE_S
    clients = Clients(timeouts=dict.fromkeys(("sagemaker-runtime", "translate", "polly", "s3"), silence))
    service = "sagemaker-runtime" if engine.startswith("sagemaker") else engine.split()[0]
    attempts = count_attempts(clients.get(service))
    aws.inject(operation, Fault(fault, None, DRIP_S))
    error = None
    try:
        call(clients)
    except StoriesError as raised:
        error = raised
    finally:
        aws.clear(operation)
    clients.get(service).close()
    return Outcome(len(attempts), error)


def main() -> None:
    with LocalAws("fake") as aws:
        os.environ.update(aws.environment)
        _bucket(Clients()).put("existing", b"y" * 1000)
        sys.stdout.write("| engine | fault | requests | our error |\n|---|---|---|---|\n")
        for engine, fault in CASES:
            result = outcome(aws, engine, fault)
            error = (
                f"{type(result.error).__name__}: {result.error}" if result.error else "none: the reply came"
            )
            sys.stdout.write(f"| {engine} | {fault} | {result.requests} | {error} |\n")


if __name__ == "__main__":
    main()
