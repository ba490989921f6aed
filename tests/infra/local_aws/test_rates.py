"""Rates of requests: what is admitted, what is refused, and how a client sees it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws
from infra.local_aws.rates import PUBLISHED, Charge, Gates, Rate
from infra.local_aws.seed import ENDPOINT

NEURAL = "SynthesizeSpeech neural"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def passed(gates: Gates, count: int, charge: Charge) -> int:
    """How many of `count` requests pass, each answered before the next."""
    total = 0
    for _ in range(count):
        with gates.admitted([charge]) as passes:
            total += passes
    return total


def test_neural_speech_takes_ten_at_once_and_then_eight_a_second(clock: Clock) -> None:
    gates = Gates(PUBLISHED, clock)
    assert passed(gates, 30, Charge(NEURAL)) == 10
    clock.now += 1
    assert passed(gates, 30, Charge(NEURAL)) == 8
    clock.now += 60
    assert passed(gates, 30, Charge(NEURAL)) == 10
    assert gates.refused[NEURAL] == 90 - 28
    assert passed(gates, 30, Charge("SynthesizeSpeech standard")) == 30  # a quota of its own


def test_requests_that_are_not_answered_count_at_once(clock: Clock) -> None:
    gates = Gates({"Speak": Rate(at_once=2)}, clock)
    with gates.admitted([Charge("Speak")]), gates.admitted([Charge("Speak")]):
        assert passed(gates, 3, Charge("Speak")) == 0
    assert passed(gates, 3, Charge("Speak")) == 3


def test_translations_are_counted_by_pair_in_requests_and_bytes(clock: Clock) -> None:
    gates = Gates(PUBLISHED, clock)
    assert passed(gates, 30, Charge("TranslateText", of="en fr")) == 20
    assert passed(gates, 30, Charge("TranslateText", of="en nl")) == 20
    assert passed(gates, 3, Charge("TranslateText bytes", 6_000, "en fr")) == 1
    clock.now += 2
    assert passed(gates, 3, Charge("TranslateText bytes", 6_000, "en fr")) == 1


def test_a_request_that_one_rate_refuses_takes_nothing_of_another(clock: Clock) -> None:
    gates = Gates({"Count": Rate(1, 1), "Bytes": Rate(1, 10)}, clock)
    with gates.admitted([Charge("Count"), Charge("Bytes", 11)]) as passes:
        assert not passes
    assert passed(gates, 1, Charge("Count")) == 1


def speak(client: Any) -> Any:
    return client.synthesize_speech(Text="Hi.", VoiceId="Lea", Engine="neural", OutputFormat="mp3")


def translate(client: Any) -> Any:
    return client.translate_text(Text="Hi.", SourceLanguageCode="en", TargetLanguageCode="fr")


def invoke(client: Any) -> Any:
    return client.invoke_endpoint(EndpointName=ENDPOINT, Body=b"{}")


@pytest.mark.parametrize(
    ("service", "call", "key", "code"),
    [
        ("polly", speak, NEURAL, "ThrottlingException"),
        ("translate", translate, "TranslateText", "TooManyRequestsException"),
        ("translate", translate, "TranslateText bytes", "TooManyRequestsException"),
        ("sagemaker-runtime", invoke, "InvokeEndpoint", "ModelError"),
    ],
)
def test_a_request_over_its_rate_is_refused_as_the_service_refuses(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, service: str, call: Any, key: str, code: str
) -> None:
    monkeypatch.setattr(aws.account.gates, "rates", {key: Rate(at_once=0)})
    with aws.client(service) as client, pytest.raises(ClientError) as caught:
        call(client)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response.get("OriginalStatusCode") == (429 if code == "ModelError" else None)
    assert aws.refused(key) == 1
