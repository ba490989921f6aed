"""Faults on demand: what the client sees of each, and how often the server was asked."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EventStreamError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from urllib3.exceptions import ProtocolError  # botocore lets it through where it reads by itself

from infra.local_aws import Fault, LocalAws
from infra.local_aws.seed import BUCKET, ENDPOINT
from infra.local_aws.server import SERVICES
from infra.local_aws.service import Service
from infra.local_aws.wire import Wire

Ask = Callable[..., bytes]
BODY = json.dumps({"inputs": "User: Idea: a shy owl\n\nAssistant:", "stream": True}).encode()


def translate(aws: LocalAws, **config: Any) -> bytes:
    with aws.client("translate", **config) as client:
        told = client.translate_text(Text="Good night.", SourceLanguageCode="en", TargetLanguageCode="fr")
    return bytes(told["TranslatedText"].encode())


def speak(aws: LocalAws, **config: Any) -> bytes:
    with aws.client("polly", **config) as client:
        told = client.synthesize_speech(
            Text="Good night.", VoiceId="Lea", Engine="neural", OutputFormat="mp3"
        )
        with told["AudioStream"] as stream:
            return bytes(stream.read())


def invoke(aws: LocalAws, **config: Any) -> bytes:
    with aws.client("sagemaker-runtime", **config) as client:
        told = client.invoke_endpoint(EndpointName=ENDPOINT, Body=BODY, ContentType="application/json")
        with told["Body"] as stream:
            return bytes(stream.read())


def stream(aws: LocalAws, **config: Any) -> bytes:
    with aws.client("sagemaker-runtime", **config) as client:
        told = client.invoke_endpoint_with_response_stream(EndpointName=ENDPOINT, Body=BODY)
        with closing(told["Body"]) as events:
            return b"".join(event["PayloadPart"]["Bytes"] for event in events)


def get(aws: LocalAws, **config: Any) -> bytes:
    with aws.client("s3", **config) as client:
        client.put_object(Bucket=BUCKET, Key="owl", Body=bytes(100_000))
        with client.get_object(Bucket=BUCKET, Key="owl")["Body"] as body:
            return bytes(body.read())


ASKED: dict[str, Ask] = {
    "TranslateText": translate,
    "SynthesizeSpeech": speak,
    "InvokeEndpoint": invoke,
    "InvokeEndpointWithResponseStream": stream,
    "GetObject": get,
}
THROTTLED = {
    "TranslateText": ("TooManyRequestsException", 429),
    "SynthesizeSpeech": ("ThrottlingException", 400),
    "InvokeEndpoint": ("ThrottlingException", 400),
    "InvokeEndpointWithResponseStream": ("ThrottlingException", 400),
    "GetObject": ("SlowDown", 503),
}
every = pytest.mark.parametrize("operation", ASKED)


@every
def test_throttling_has_the_services_own_form_and_ends(aws: LocalAws, operation: str) -> None:
    aws.inject(operation, Fault("throttle", times=2))
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            ASKED[operation](aws)
        told = caught.value.response
        assert (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]) == THROTTLED[operation]
    assert ASKED[operation](aws)
    assert aws.requests(operation) == 3


@every
def test_throttling_is_what_botocore_tries_again(aws: LocalAws, operation: str) -> None:
    aws.inject(operation, Fault("throttle", times=1))
    assert ASKED[operation](aws, retries={"mode": "standard", "total_max_attempts": 2})
    assert aws.requests(operation) == 2


@every
@pytest.mark.parametrize(("kind", "status"), [("error500", 500), ("error503", 503)])
def test_a_failing_service_says_so_until_it_is_cleared(
    aws: LocalAws, operation: str, kind: str, status: int
) -> None:
    aws.inject(operation, Fault(kind, times=None))
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            ASKED[operation](aws)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    aws.reset()
    assert ASKED[operation](aws)


@every
def test_a_reset_connection_is_closed_without_an_answer(aws: LocalAws, operation: str) -> None:
    aws.inject(operation, Fault("reset"))
    with pytest.raises(ConnectionClosedError):
        ASKED[operation](aws)
    assert aws.requests(operation) == 1
    assert ASKED[operation](aws)


@every
def test_a_hung_service_is_waited_for_no_longer_than_the_client_likes(aws: LocalAws, operation: str) -> None:
    aws.inject(operation, Fault("hang"))
    began = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        ASKED[operation](aws, read_timeout=0.3)
    assert time.monotonic() - began < 10
    assert ASKED[operation](aws)


@every
def test_a_slow_drip_is_the_whole_answer_in_its_time(aws: LocalAws, operation: str) -> None:
    expected = ASKED[operation](aws)
    aws.inject(operation, Fault("drip", seconds=2))
    began = time.monotonic()
    assert ASKED[operation](aws, read_timeout=1) == expected
    assert time.monotonic() - began > 1


@pytest.mark.parametrize("operation", sorted(set(ASKED) - {"TranslateText"}))
def test_a_truncated_answer_ends_before_its_length(aws: LocalAws, operation: str) -> None:
    aws.inject(operation, Fault("truncate"))
    with pytest.raises((IncompleteReadError, ResponseStreamingError, HTTPClientError, ProtocolError)):
        ASKED[operation](aws)
    assert ASKED[operation](aws)


def test_a_truncated_translation_is_an_answer_without_one_to_botocore(aws: LocalAws) -> None:
    """It does not hold JSON bodies to their Content-Length (httpsession: enforce_content_length=False)."""
    aws.inject("TranslateText", Fault("truncate"))
    with aws.client("translate") as client:
        told = client.translate_text(Text="Good night.", SourceLanguageCode="en", TargetLanguageCode="fr")
    assert "TranslatedText" not in told
    assert translate(aws)


def test_a_stream_breaks_after_its_first_frame(aws: LocalAws) -> None:
    aws.inject("InvokeEndpointWithResponseStream", Fault("break"))
    heard: list[Any] = []
    with aws.client("sagemaker-runtime") as client:
        told = client.invoke_endpoint_with_response_stream(EndpointName=ENDPOINT, Body=BODY)
        with closing(told["Body"]) as events, pytest.raises(ProtocolError):
            heard.extend(events)
    assert len(heard) == 1


def test_a_stream_may_carry_its_own_error(aws: LocalAws) -> None:
    aws.inject("InvokeEndpointWithResponseStream", Fault("stream_error"))
    with pytest.raises(EventStreamError) as caught:
        stream(aws)
    assert caught.value.response["Error"]["Code"] == "ModelStreamError"


def test_a_reset_is_a_real_one(aws: LocalAws) -> None:
    """Seen on a bare socket: RST, where an end of the stream would be an empty read."""
    aws.inject("DescribeVoices", Fault("reset"))
    where = urlsplit(aws.url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(b"GET /_polly/v1/voices HTTP/1.1\r\nHost: local\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_truncated_body_is_half_of_what_was_promised(aws: LocalAws) -> None:
    aws.inject("DescribeVoices", Fault("truncate"))
    where = urlsplit(aws.url)
    received = b""
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.sendall(b"GET /_polly/v1/voices HTTP/1.1\r\nHost: local\r\n\r\n")
        while part := connection.recv(65_536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert len(body) == promised // 2 > 0


def test_a_truncated_write_was_done_all_the_same(aws: LocalAws) -> None:
    """The answer to a PUT is empty, so that its loss is a reset in mid-answer: nothing is truncated."""
    aws.inject("PutObject", Fault("truncate"))
    assert get(aws) == bytes(100_000)


def test_faults_stand_in_line_and_any_operation_may_be_meant(aws: LocalAws) -> None:
    aws.inject("TranslateText", Fault("throttle"))
    aws.inject("TranslateText", Fault("error500"))
    aws.inject("*", Fault("error503"))
    codes = []
    for _ in range(3):
        with pytest.raises(ClientError) as caught:
            translate(aws)
        codes.append(caught.value.response["ResponseMetadata"]["HTTPStatusCode"])
    assert codes == [429, 500, 503]
    assert translate(aws)
    assert aws.requests("*") == 4


def refusals() -> list[tuple[str, str, str]]:
    return [
        (service.id, operation, kind)
        for service in SERVICES
        if isinstance(service, Service)
        for operation in sorted(service.operations)
        for kind in sorted(service.kinds)
    ]


CALLS: dict[str, Ask] = {**ASKED, "DescribeVoices": lambda aws: aws_voices(aws)}


def aws_voices(aws: LocalAws) -> bytes:
    with aws.client("polly") as client:
        return str(client.describe_voices()).encode()


@pytest.mark.parametrize(("service", "operation", "kind"), refusals())
def test_every_refusal_parses_as_what_the_services_model_calls_it(
    aws: LocalAws, service: str, operation: str, kind: str
) -> None:
    aws.inject(operation, Fault(kind))
    with pytest.raises(ClientError) as caught:
        CALLS[operation](aws)
    told = caught.value.response
    shape = Wire.of(service).model.shape_for_error_code(told["Error"]["Code"])
    assert told["Error"]["Message"]
    assert len(told["ResponseMetadata"]["RequestId"]) == 36
    if shape is not None:
        assert type(caught.value).__name__ == shape.name
        assert told["ResponseMetadata"]["HTTPStatusCode"] == shape.metadata["error"]["httpStatusCode"]


@pytest.mark.parametrize("kind", ["throttle", "reset"])
def test_faults_can_be_told_over_http(aws: LocalAws, kind: str) -> None:
    answer = control(aws, "faults", {"operation": "TranslateText", "kind": kind, "times": 1})
    assert answer.status_code == 200
    with pytest.raises((ClientError, HTTPClientError, ConnectionClosedError)):
        translate(aws)
    assert httpx.get(f"{aws.url}/_local/requests", trust_env=False).json() == {"TranslateText": 1}
    assert control(aws, "reset", {}).status_code == 200
    assert aws.requests("TranslateText") == 0
    assert httpx.get(f"{aws.url}/_local/health", trust_env=False).json()["backing"] == "fake"


@pytest.mark.parametrize(
    "told",
    [
        {"operation": "TranslatePoem", "kind": "throttle"},
        {"operation": "TranslateText", "kind": "model_error"},
        {"operation": "TranslateText"},
        {"kind": "reset"},
        [],
    ],
)
def test_a_fault_that_cannot_be_is_said(aws: LocalAws, told: Any) -> None:
    answer = control(aws, "faults", told)
    assert answer.status_code == 400
    assert "wanted" in answer.json()["error"]
    assert translate(aws)


def control(aws: LocalAws, path: str, told: Any) -> httpx.Response:
    return httpx.post(f"{aws.url}/_local/{path}", json=told, trust_env=False)


def test_a_fault_may_strike_after_so_many_requests_and_then_as_often_as_told(aws: LocalAws) -> None:
    aws.inject("TranslateText", Fault("throttle", times=2, after=3))
    for _ in range(3):
        assert translate(aws)
    for _ in range(2):
        with pytest.raises(ClientError):
            translate(aws)
    assert translate(aws)
    assert aws.requests("TranslateText") == 6
