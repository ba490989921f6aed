"""Region and credentials: nothing else is asked where these are not well."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from pipeline.engines.aws.clients import Clients
from tests.engines.aws.doctor.cloud import NAMES, NUMBER, SESSION, Refusal, cloud, found, states


def test_without_a_region_nothing_else_is_asked_and_what_is_not_set_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_REGION")
    findings = found(Clients(), endpoint="", bucket="")
    assert findings["region"].passed is False
    assert "AWS_REGION" in findings["region"].todo
    assert states(findings, "endpoint", "bucket") == {False}
    others = [name for name in NAMES if name not in {"region", "endpoint", "bucket"}]
    assert states(findings, *others) == {None}
    assert "region" in findings["credentials"].told


def test_without_boto3_the_command_that_installs_it_is_told() -> None:
    class Bare(Clients):
        def get(self, service: str) -> Any:
            raise ModuleNotFoundError("No module named 'boto3'", name="boto3")

    findings = found(Bare())
    assert findings["region"].passed is False
    assert "boto3" in findings["region"].told
    assert "make setup" in findings["region"].todo


def test_a_profile_that_is_not_there_is_a_matter_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "grandmother")
    findings = found(Clients())
    assert findings["region"].passed is None
    assert findings["credentials"].passed is False
    assert "grandmother" in findings["credentials"].told
    assert "AWS_PROFILE" in findings["credentials"].todo
    assert states(findings, *NAMES[2:]) == {None}


def test_an_address_that_is_none_stops_the_examination_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nowhere")
    findings = found(Clients())
    assert findings["credentials"].passed is False
    assert "AWS_ENDPOINT_URL" in findings["credentials"].todo
    assert True not in states(findings, *NAMES)


def test_no_credentials_at_all_are_told_with_the_ways_to_have_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    findings = found(Clients())
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
def test_where_credentials_are_refused_nothing_else_is_asked_or_passes(code: str, word: str) -> None:
    clients = cloud(GetCallerIdentity=Refusal(code, 403))
    findings = found(clients)
    assert findings["credentials"].passed is False
    assert word in findings["credentials"].todo
    assert states(findings, *NAMES[2:-1]) == {None}
    assert all("credentials" in findings[name].told for name in ("endpoint", "bucket", "voices"))
    assert clients.operations() == ["GetCallerIdentity"]
    assert findings["clock"].passed is True


def test_where_sts_is_out_of_reach_the_rest_is_looked_at_all_the_same() -> None:
    """As from a private subnet with no way to STS."""
    away = EndpointConnectionError(endpoint_url="https://example.invalid")
    clients = cloud(GetCallerIdentity=away)
    findings = found(clients)
    assert findings["credentials"].passed is None
    assert "network" in findings["credentials"].todo
    assert findings["permissions"].passed is None
    assert "who is calling" in findings["permissions"].told
    assert "credentials" in findings["permissions"].todo
    assert states(findings, *NAMES[2:9], "clock") == {True}


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (SESSION, "role"),
        (f"arn:aws:iam::{NUMBER}:user/family/a.caller", "user"),
        (f"arn:aws:iam::{NUMBER}:root", "root"),
        (f"arn:aws-us-gov:sts::{NUMBER}:federated-user/a.caller", "federated"),
    ],
)
def test_who_is_calling_is_told_by_kind_and_the_last_four_digits(arn: str, kind: str) -> None:
    told = {"UserId": "A", "Account": NUMBER, "Arn": arn}
    finding = found(cloud(GetCallerIdentity=told))["credentials"]
    assert finding.passed is True
    assert kind in finding.told
    assert "3333" in finding.told
