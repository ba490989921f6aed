"""The whole: every check in its order, whatever a call meets."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from botocore.validate import ParamValidator

from pipeline.engines.aws.doctor import examine
from pipeline.engines.aws.verdicts import CODES
from tests.engines.aws.doctor.cloud import (
    BUCKET,
    ENDPOINT,
    NAMES,
    TABLE,
    WELL,
    Answer,
    Refusal,
    cloud,
    found,
    states,
)

LOOKED_AT = {
    "GetCallerIdentity": "credentials",
    "DescribeEndpoint": "endpoint",
    "HeadBucket": "bucket",
    "GetPublicAccessBlock": "bucket private",
    "GetBucketPolicyStatus": "bucket private",
    "GetBucketEncryption": "bucket encrypted",
    "PutObject": "bucket writable",
    "DescribeVoices": "voices",
    "GetRole": "permissions",
    "SimulatePrincipalPolicy": "permissions",
}


def test_an_account_that_is_well_passes_every_check() -> None:
    findings = found(cloud())
    assert states(findings, *NAMES) == {True}


def test_nothing_that_is_billed_is_called_and_nothing_is_written() -> None:
    clients = cloud()
    found(clients)
    assert Counter(clients.operations()) == {
        "GetCallerIdentity": 1,
        "DescribeEndpoint": 1,
        "HeadBucket": 1,
        "GetPublicAccessBlock": 1,
        "GetBucketPolicyStatus": 1,
        "GetBucketEncryption": 1,
        "DescribeVoices": 1,
        "GetRole": 1,
        "SimulatePrincipalPolicy": 4,
    }


def test_each_finding_is_told_before_the_next_is_looked_for() -> None:
    clients = cloud()
    telling = examine(clients, ENDPOINT, BUCKET, TABLE)
    asked = [(next(telling).name, clients.operations()[-1:]) for _ in range(4)]
    assert asked == [
        ("region", []),
        ("credentials", ["GetCallerIdentity"]),
        ("endpoint", ["DescribeEndpoint"]),
        ("bucket", ["HeadBucket"]),
    ]


@pytest.mark.parametrize("operation", sorted(WELL))
@pytest.mark.parametrize(
    "trouble",
    [
        EndpointConnectionError(endpoint_url="https://example.invalid"),
        ReadTimeoutError(endpoint_url="https://example.invalid"),
        ResponseParserError("<html>"),
        Refusal("InternalFailure", 500),
        Refusal("ThrottlingException"),
        Refusal("NobodyKnowsThisOne", 418, "a (strange: one) it is"),
        Refusal("", 302, ""),
    ],
    ids=lambda trouble: getattr(trouble, "code", type(trouble).__name__) or "nameless",
)
def test_no_trouble_of_any_call_stops_the_examination_or_passes(operation: str, trouble: Answer) -> None:
    others = {"SimulatePrincipalPolicy": Refusal("AccessDenied", 403)} if operation == "PutObject" else {}
    findings = found(cloud(**{**others, operation: trouble}))
    assert findings[LOOKED_AT[operation]].passed is not True


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_that_is_known_is_told_with_what_to_do(code: str) -> None:
    finding = found(cloud(DescribeEndpoint=Refusal(code, message="it says: no (really)")))["endpoint"]
    assert finding.passed is not True
    assert finding.told.count("(") == finding.told.count(")")
    assert finding.todo.count("(") == finding.todo.count(")")


@pytest.mark.parametrize("operation", ["GetCallerIdentity", "DescribeEndpoint", "HeadBucket", "GetRole"])
def test_an_answer_with_nothing_in_it_passes_nothing(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a stand-in, or a proxy, behind AWS_ENDPOINT_URL."""
    monkeypatch.setattr(ParamValidator, "validate", lambda *_: SimpleNamespace(has_errors=lambda: False))
    findings = found(cloud(**{operation: {}}))
    looked_at = "bucket region" if operation == "HeadBucket" else LOOKED_AT[operation]
    assert findings[looked_at].passed is None
