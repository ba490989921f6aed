"""Region, credentials, endpoint, voices and clock: each state, with what to do."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.voices import PollyVoice, Table
from tests.engines.aws.doctor.cloud import (
    HEALTHY,
    NAMES,
    REGION,
    TABLE,
    Cloud,
    Refusal,
    cloud,
    described,
    examined,
    states,
    voices,
)


def test_without_a_region_no_service_is_called_and_missing_settings_are_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_REGION")
    findings = examined(Clients(), endpoint="", bucket="")
    assert findings["region"].passed is False
    assert "AWS_REGION" in findings["region"].todo
    assert states(findings, "endpoint", "bucket") == {False}
    others = [name for name in NAMES if name not in {"region", "endpoint", "bucket"}]
    assert states(findings, *others) == {None}
    assert "region" in findings["credentials"].summary


def test_without_boto3_the_command_that_installs_it_is_named() -> None:
    class Bare(Clients):
        def get(self, service: str) -> Any:
            raise ModuleNotFoundError("No module named 'boto3'", name="boto3")

    findings = examined(Bare())
    assert findings["region"].passed is False
    assert "boto3" in findings["region"].summary
    assert "make setup" in findings["region"].todo


def test_an_unknown_profile_is_a_problem_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "grandmother")
    findings = examined(Clients())
    assert findings["region"].passed is None
    assert findings["credentials"].passed is False
    assert "grandmother" in findings["credentials"].summary
    assert "AWS_PROFILE" in findings["credentials"].todo
    assert states(findings, *NAMES[2:]) == {None}


def test_an_invalid_endpoint_url_stops_the_examination_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    findings = examined(Clients())
    assert findings["credentials"].passed is False
    assert "AWS_ENDPOINT_URL" in findings["credentials"].todo
    assert True not in states(findings, *NAMES)


def test_missing_credentials_are_reported_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    findings = examined(Clients())
    assert findings["region"].passed is True
    assert findings["credentials"].passed is False
    assert "AWS_PROFILE" in findings["credentials"].todo
    assert "aws configure" in findings["credentials"].todo


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("InvalidClientTokenId", "keys"),
        ("SignatureDoesNotMatch", "clock"),
        ("ExpiredToken", "sign in again"),
        ("UnrecognizedClientException", "keys"),
    ],
)
def test_refused_credentials_end_the_calls(code: str, word: str) -> None:
    clients = cloud(GetCallerIdentity=Refusal(code, 403))
    findings = examined(clients)
    assert findings["credentials"].passed is False
    assert word in findings["credentials"].todo
    assert states(findings, *NAMES[2:-1]) == {None}
    assert all("credentials" in findings[name].summary for name in ("endpoint", "bucket", "voices"))
    assert clients.operations() == ["GetCallerIdentity"]
    assert findings["clock"].passed is True


def test_without_sts_the_other_checks_still_run() -> None:
    """As from a private subnet with no way to STS."""
    away = EndpointConnectionError(endpoint_url="https://example.invalid")
    clients = cloud(GetCallerIdentity=away)
    findings = examined(clients)
    assert findings["credentials"].passed is None
    assert "network" in findings["credentials"].todo
    assert findings["permissions"].passed is None
    assert "who is calling" in findings["permissions"].summary
    assert "credentials" in findings["permissions"].todo
    assert states(findings, *NAMES[2:9], "clock") == {True}


def test_every_state_of_the_service_model_is_known() -> None:
    client = boto3.client("sagemaker", region_name=REGION)
    for status in client.meta.service_model.shape_for("EndpointStatus").enum:
        assert "console" not in examined(cloud(DescribeEndpoint=described(status)))["endpoint"].todo


def test_an_endpoint_that_is_not_set_is_reported_without_a_call() -> None:
    clients = cloud()
    finding = examined(clients, endpoint="")["endpoint"]
    assert finding.passed is False
    assert "STORIES_ENDPOINT" in finding.todo
    assert "01_deploy_falcon" in finding.todo
    assert "DescribeEndpoint" not in clients.operations()


def test_an_invalid_endpoint_name_is_reported_with_the_allowed_characters() -> None:
    invalid = Refusal(
        "ValidationException", 400, "1 validation error detected: Value 'a b' at 'endpointName'"
    )
    finding = examined(cloud(DescribeEndpoint=invalid), endpoint="a b")["endpoint"]
    assert finding.passed is False
    assert "hyphens" in finding.todo


def test_a_locale_whose_voice_lacks_the_engine_in_the_table_itself_is_a_fault() -> None:
    table = Table("2026-11", {"nl": "Lotte"}, TABLE.voices)
    findings = examined(cloud(), table=table)
    assert findings["voices"].passed is False
    assert "Lotte" in findings["voices"].summary


def test_a_region_without_the_engine_is_reported_in_a_short_line() -> None:
    names = [f"Voice{number:02}" for number in range(30)]
    table = Table(
        "2026-11", {"en": names[0]}, tuple(PollyVoice(name, "en-US", ("neural",)) for name in names)
    )
    reply = voices(*((name, "en-US", ["standard"]) for name in names))
    findings = examined(cloud(DescribeVoices=reply), table=table)
    assert "Voice07 and 22 more" in findings["voices"].summary
    assert "AWS_REGION" in findings["voices"].todo


@pytest.mark.parametrize(
    ("late", "passed", "word"),
    [
        (0, True, "within"),
        (240, True, "within"),
        (-240, True, "within"),
        (360, False, "6 minutes behind"),
        (-360, False, "6 minutes ahead"),
        (90_000, False, "behind"),
    ],
)
def test_a_clock_that_is_more_than_five_minutes_off_fails(late: float, passed: bool, word: str) -> None:
    finding = examined(cloud(late))["clock"]
    assert finding.passed is passed
    assert word in finding.summary
    assert passed or "NTP" in finding.todo


def test_a_reply_that_refuses_a_request_for_its_time_shows_the_clock() -> None:
    findings = examined(cloud(GetCallerIdentity=Refusal("SignatureDoesNotMatch", 403, late=3600)))
    assert findings["credentials"].passed is False
    assert findings["clock"].passed is False
    assert "60 minutes behind" in findings["clock"].summary


def test_without_any_reply_the_clock_is_unknown() -> None:
    away = EndpointConnectionError(endpoint_url="https://example.invalid")
    findings = examined(Cloud(dict.fromkeys(HEALTHY, away)))
    assert states(findings, *NAMES[1:]) == {None}
    assert "gave the time" in findings["clock"].summary
