"""Faults on demand: what a stock client receives, and how many requests the server counted."""

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
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from urllib3.exceptions import ProtocolError  # botocore passes it on where it reads by itself

from infra.local_aws import Fault, LocalAws, polly, sagemaker_runtime, translate
from infra.local_aws.seed import BUCKET, ENDPOINT
from infra.local_aws.wire import Wire

BODY = json.dumps({"inputs": "User: Idea: a shy owl\n\nAssistant:", "stream": True}).encode()


def translated(aws: LocalAws, **config: Any) -> Any:
    with aws.client("translate", **config) as client:
        return client.translate_text(Text="Good night.", SourceLanguageCode="en", TargetLanguageCode="fr")


def spoken(aws: LocalAws, **config: Any) -> Any:
    with aws.client("polly", **config) as client:
        speech = {"Text": "Good night.", "VoiceId": "Lea", "Engine": "neural", "OutputFormat": "mp3"}
        return client.synthesize_speech(**speech)["AudioStream"].read()


def voices(aws: LocalAws, **config: Any) -> Any:
    with aws.client("polly", **config) as client:
        return client.describe_voices()["Voices"]


def invoked(aws: LocalAws, **config: Any) -> Any:
    with aws.client("sagemaker-runtime", **config) as client:
        return client.invoke_endpoint(EndpointName=ENDPOINT, Body=BODY)["Body"].read()


def streamed(aws: LocalAws, received: list[bytes] | None = None, **config: Any) -> Any:
    """received: gets the parts before an error, too."""
    parts = [] if received is None else received
    with aws.client("sagemaker-runtime", **config) as client:
        response = client.invoke_endpoint_with_response_stream(EndpointName=ENDPOINT, Body=BODY)
        with closing(response["Body"]) as events:
            parts.extend(event["PayloadPart"]["Bytes"] for event in events)
    return b"".join(parts)


def downloaded(aws: LocalAws, **config: Any) -> Any:
    with aws.client("s3", **config) as client:
        client.put_object(Bucket=BUCKET, Key="owl", Body=bytes(100_000))
        return client.get_object(Bucket=BUCKET, Key="owl")["Body"].read()


CALLS: dict[str, Callable[..., Any]] = {
    "TranslateText": translated,
    "SynthesizeSpeech": spoken,
    "DescribeVoices": voices,
    "InvokeEndpoint": invoked,
    "InvokeEndpointWithResponseStream": streamed,
    "GetObject": downloaded,
}


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("TranslateText", "TooManyRequestsException", 429),
        ("SynthesizeSpeech", "ThrottlingException", 400),
        ("InvokeEndpoint", "ThrottlingException", 400),
        ("InvokeEndpointWithResponseStream", "ThrottlingException", 400),
        ("GetObject", "SlowDown", 503),
    ],
)
def test_throttling_has_the_services_format_and_ends(
    aws: LocalAws, operation: str, code: str, status: int
) -> None:
    aws.inject(operation, Fault("throttle", times=2))
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            CALLS[operation](aws)
        response = caught.value.response
        assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert CALLS[operation](aws)
    assert aws.requests(operation) == 3


@pytest.mark.parametrize("service", [translate.SERVICE, polly.SERVICE, sagemaker_runtime.SERVICE])
def test_every_refusal_parses_as_the_services_model_defines_it(aws: LocalAws, service: Any) -> None:
    for operation in sorted(service.operations):
        for kind in sorted(service.refusals):
            aws.inject(operation, Fault(kind))
            with pytest.raises(ClientError) as caught:
                CALLS[operation](aws)
            response = caught.value.response
            assert response["Error"]["Message"]
            assert len(response["ResponseMetadata"]["RequestId"]) == 36
            if shape := Wire.of(service.id).model.shape_for_error_code(response["Error"]["Code"]):
                assert type(caught.value).__name__ == shape.name
                status = shape.metadata["error"]["httpStatusCode"]
                assert response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_reset_closes_the_connection_without_a_response(aws: LocalAws) -> None:
    aws.inject("TranslateText", Fault("reset"))
    with pytest.raises(ConnectionClosedError):
        translated(aws)
    assert translated(aws)
    assert aws.requests("TranslateText") == 2


def raw_voices(aws: LocalAws) -> bytes:
    """The response's bytes, from a bare socket."""
    url, received = urlsplit(aws.url), b""
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(b"GET /_polly/v1/voices HTTP/1.1\r\nHost: local\r\n\r\n")
        while part := connection.recv(65_536):
            received += part
    return received


def test_a_reset_is_a_tcp_reset(aws: LocalAws) -> None:
    aws.inject("DescribeVoices", Fault("reset"))
    with pytest.raises(ConnectionResetError):
        raw_voices(aws)


def test_a_truncated_body_is_half_of_its_length(aws: LocalAws) -> None:
    aws.inject("DescribeVoices", Fault("truncate"))
    head, _, body = raw_voices(aws).partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert len(body) == length // 2 > 0


def test_a_client_times_out_on_a_hanging_service(aws: LocalAws) -> None:
    aws.inject("InvokeEndpoint", Fault("hang", seconds=60))
    with pytest.raises(ReadTimeoutError):
        invoked(aws, read_timeout=0.2)
    assert invoked(aws)


@pytest.mark.parametrize("operation", ["TranslateText", "GetObject"])
def test_a_slow_response_is_complete_and_takes_its_time(aws: LocalAws, operation: str) -> None:
    expected = CALLS[operation](aws)
    aws.inject(operation, Fault("drip", seconds=0.4))
    began = time.monotonic()
    response = CALLS[operation](aws)
    assert time.monotonic() - began > 0.3
    if operation == "GetObject":
        assert response == expected


@pytest.mark.parametrize("operation", ["SynthesizeSpeech", "InvokeEndpointWithResponseStream", "GetObject"])
def test_a_truncated_response_ends_before_its_length(aws: LocalAws, operation: str) -> None:
    aws.inject(operation, Fault("truncate"))
    with pytest.raises((IncompleteReadError, ResponseStreamingError, ProtocolError)):
        CALLS[operation](aws)
    assert CALLS[operation](aws)


def test_botocore_accepts_a_truncated_json_body(aws: LocalAws) -> None:
    """It does not enforce Content-Length on JSON bodies (httpsession: enforce_content_length=False)."""
    aws.inject("TranslateText", Fault("truncate"))
    assert "TranslatedText" not in translated(aws)


def test_a_stream_breaks_after_its_first_frame(aws: LocalAws) -> None:
    aws.inject("InvokeEndpointWithResponseStream", Fault("break"))
    received: list[bytes] = []
    with pytest.raises(ProtocolError):
        streamed(aws, received)
    assert len(received) == 1


def test_a_stream_may_contain_an_error(aws: LocalAws) -> None:
    aws.inject("InvokeEndpointWithResponseStream", Fault("stream_error"))
    with pytest.raises(EventStreamError) as caught:
        streamed(aws)
    assert caught.value.response["Error"]["Code"] == "ModelStreamError"


def test_faults_queue_by_operation_and_then_those_of_any_operation(aws: LocalAws) -> None:
    aws.inject("TranslateText", Fault("throttle", after=1))
    aws.inject("TranslateText", Fault("error500", times=2))
    aws.inject("*", Fault("error503", after=1))
    statuses = []
    for _ in range(6):
        try:
            statuses.append(translated(aws)["ResponseMetadata"]["HTTPStatusCode"])
        except ClientError as error:
            statuses.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
    assert statuses == [200, 429, 500, 500, 503, 200]
    assert aws.requests("*") == 6


def control(aws: LocalAws, path: str, body: Any) -> httpx.Response:
    return httpx.post(f"{aws.url}/_local/{path}", json=body, trust_env=False)


def test_faults_are_injected_over_http(aws: LocalAws) -> None:
    assert control(aws, "faults", {"operation": "TranslateText", "kind": "throttle"}).status_code == 200
    with pytest.raises(ClientError):
        translated(aws)
    assert httpx.get(f"{aws.url}/_local/requests", trust_env=False).json() == {"TranslateText": 1}
    assert control(aws, "reset", {}).status_code == 200
    assert aws.requests("TranslateText") == 0
    assert httpx.get(f"{aws.url}/_local/health", trust_env=False).json()["backing"] == "fake"


def test_unknown_faults_are_rejected(aws: LocalAws) -> None:
    for body in ({"operation": "TranslateText"}, {"kind": "reset"}, [], {"operation": "X", "kind": "reset"}):
        response = control(aws, "faults", body)
        assert response.status_code == 400
        assert '"operation": …' in response.json()["error"]
    with pytest.raises(ValueError, match="unknown operation"):
        aws.inject("TranslatePoem", Fault("throttle"))
    with pytest.raises(ValueError, match="has no fault"):
        aws.inject("TranslateText", Fault("model_not_ready"))
