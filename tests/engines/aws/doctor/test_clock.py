"""This machine's clock against the time that answers carry."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.engines.aws.doctor.cloud import NAMES, WELL, Cloud, Refusal, cloud, found, states


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
def test_a_clock_that_is_five_minutes_off_is_told(late: float, passed: bool, word: str) -> None:
    finding = found(cloud(late))["clock"]
    assert finding.passed is passed
    assert word in finding.told
    assert passed or "NTP" in finding.todo


def test_the_clock_is_told_by_the_very_answer_that_refuses_a_request_for_its_time() -> None:
    findings = found(cloud(GetCallerIdentity=Refusal("SignatureDoesNotMatch", 403, late=3600)))
    assert findings["credentials"].passed is False
    assert findings["clock"].passed is False
    assert "60 minutes behind" in findings["clock"].told


def test_with_no_answer_at_all_the_clock_stays_unknown() -> None:
    away = EndpointConnectionError(endpoint_url="https://example.invalid")
    findings = found(Cloud(dict.fromkeys(WELL, away)))
    assert states(findings, *NAMES[1:]) == {None}
    assert "told the time" in findings["clock"].told
