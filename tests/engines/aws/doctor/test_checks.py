"""Region, credentials, endpoint, voices and clock: each state, with what to do."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from pipeline.engines.aws.clients import Clients
from tests.engines.aws.doctor.cloud import (
    HEALTHY,
    NAMES,
    OF_BUCKET,
    REGION,
    Cloud,
    Refusal,
    cloud,
    described,
    examined,
    finding_of,
    states,
    words_of,
)


@pytest.mark.parametrize(
    ("variable", "value", "name", "words"),
    [
        ("AWS_REGION", "", "region", "set AWS_REGION"),
        ("AWS_PROFILE", "grandmother", "credentials", "grandmother|AWS_PROFILE"),
        ("AWS_ENDPOINT_URL", "nowhere", "credentials", "AWS_ENDPOINT_URL"),
        ("AWS_ACCESS_KEY_ID", "", "credentials", "AWS_PROFILE|aws configure"),
    ],
)
def test_an_environment_that_aws_cannot_use_is_reported_and_nothing_else_is_checked(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str, words: str
) -> None:
    monkeypatch.setenv(variable, value)
    findings = examined(Clients())
    assert findings[name].passed is False
    assert all(word in words_of(findings[name]) for word in words.split("|"))
    assert states(findings, *NAMES[3:]) == {None}
    assert name == "credentials" or "region" in findings["credentials"].summary


def test_settings_that_are_missing_are_reported_without_a_region_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    findings = examined(Clients(), endpoint="", bucket="")
    assert states(findings, "region", "endpoint", "bucket") == {False}
    assert states(findings, *OF_BUCKET, "voices", "permissions", "clock") == {None}


def test_without_boto3_the_command_that_installs_it_is_named() -> None:
    class Bare(Clients):
        def get(self, service: str) -> Any:
            raise ModuleNotFoundError("No module named 'boto3'", name="boto3")

    finding = finding_of("region", Bare())
    assert (finding.passed, "boto3" in finding.summary, finding.todo) == (False, True, "run `make setup`")


def test_refused_credentials_end_the_calls() -> None:
    clients = cloud(GetCallerIdentity=Refusal("InvalidClientTokenId", 403))
    findings = examined(clients)
    assert findings["credentials"].passed is False
    assert states(findings, *NAMES[3:-1]) == {None}
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
    assert states(findings, *NAMES[3:10], "clock") == {True}


def test_every_state_of_the_service_model_is_known() -> None:
    client = boto3.client("sagemaker", region_name=REGION)
    for status in client.meta.service_model.shape_for("EndpointStatus").enum:
        assert "console" not in finding_of("endpoint", cloud(DescribeEndpoint=described(status))).todo


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
    finding = finding_of("clock", cloud(late))
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
    assert states(findings, *NAMES[2:]) == {None}
    assert "gave the time" in findings["clock"].summary
