"""Every AWS engine, the ways in which its service fails, and how many requests each may then send.

For tests/engines/aws/test_faults.py and bench/campaign/engines.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from infra.local_aws import Fault, LocalAws
from pipeline.engines.aws.bedrock import BedrockText
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.polly import PollySpeech
from pipeline.engines.aws.s3 import S3Store
from pipeline.engines.aws.sagemaker import SageMakerText
from pipeline.engines.aws.translate import AmazonTranslation
from pipeline.errors import StoriesError, ThrottledError, UnavailableError
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


def _converse(clients: Clients, streamed: bool) -> object:
    return BedrockText(clients, "amazon.nova-lite-v1:0", streamed=streamed).complete(PROMPT)


def _translate(clients: Clients) -> object:
    return AmazonTranslation(clients).translate(("Good night.",), "en", "fr")


def _speak(clients: Clients) -> object:
    return PollySpeech(clients).synthesize("Good night.", Voice("Lea", "fr", "polly"))


def bucket(clients: Clients) -> S3Store:
    return S3Store(clients, os.environ["STORIES_BUCKET"])


# Engine -> the operation that fails, a call, and the faults that it can meet beside the common ones.
ENGINES: dict[str, tuple[str, Callable[[Clients], object], tuple[str, ...]]] = {
    "sagemaker, streamed": (
        "InvokeEndpointWithResponseStream",
        lambda clients: _write(clients, streamed=True),
        (*OF_STREAMS, *OF_MODELS),
    ),
    "sagemaker, buffered": ("InvokeEndpoint", lambda clients: _write(clients, streamed=False), OF_MODELS),
    "bedrock, streamed": (
        "ConverseStream",
        lambda clients: _converse(clients, streamed=True),
        (*OF_STREAMS, *OF_MODELS),
    ),
    "bedrock, buffered": ("Converse", lambda clients: _converse(clients, streamed=False), OF_MODELS),
    "translate": ("TranslateText", _translate, ()),
    "polly": ("SynthesizeSpeech", _speak, ()),
    "s3 get": ("GetObject", lambda clients: bucket(clients).get("existing"), ()),
    "s3 put": ("PutObject", lambda clients: bucket(clients).put("new", b"x" * 1000), ()),
    "s3 delete": ("ListObjectVersions", lambda clients: bucket(clients).delete(["existing"]), ()),
    "s3 list": ("ListObjectsV2", lambda clients: list(bucket(clients).list("")), ()),
}
CASES = [(engine, fault) for engine, (_, _, own) in ENGINES.items() for fault in (*FAULTS, *own)]

# The limits of clients.py: requests in all, the first included.
LIMITS = {"sagemaker": 2, "bedrock": 2, "translate": 3, "polly": 5, "s3": 5}
# Retried up to the limit. The others come with or after a 200, or are the container's own.
RETRIED = {"throttle", "error500", "error503", "reset", "hang"}
# An empty reply cannot be cut.
SUCCESSES = {("s3 put", "truncate")}
THROTTLED = ("throttle", "model_not_ready")


def expected(engine: str, fault: str) -> tuple[type[StoriesError] | None, range]:
    """The error, None where the reply comes all the same, and how many requests may be sent."""
    limit = LIMITS[engine.split(",")[0].split()[0]]
    if fault == "drip" or (engine, fault) in SUCCESSES:
        return None, range(1, limit + 1)
    error = ThrottledError if fault in THROTTLED else UnavailableError
    return error, range(limit if fault in RETRIED else 1, limit + 1)


def failure(aws: LocalAws, engine: str, fault: str) -> tuple[StoriesError | None, int]:
    """None where the reply came all the same; and how many requests were sent.

    With clients of its own: botocore's client limits its retries in all.
    """
    operation, call, _ = ENGINES[engine]
    silence = HANGS_S if fault == "hang" else PATIENCE_S
    name = engine.split(",")[0].split()[0]
    service = f"{name}-runtime" if name in ("sagemaker", "bedrock") else name
    clients = Clients(timeouts={service: silence})
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
    return error, len(attempts)
