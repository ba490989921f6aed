"""The examination: every check in its order, in every failure; no secrets in the findings."""

from __future__ import annotations

import os
from collections import Counter
from types import SimpleNamespace

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.validate import ParamValidator

from infra.local_aws import LocalAws
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor import PATIENCE, examine
from pipeline.engines.aws.meanings import CODES
from tests.engines.aws.doctor.cloud import (
    BUCKET,
    ENDPOINT,
    NAMES,
    NUMBER,
    REGION,
    SESSION,
    TABLE,
    Refusal,
    Reply,
    cloud,
    examined,
    finding_of,
    states,
    words_of,
)

CHECKS = {
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


def test_a_healthy_account_passes_every_check() -> None:
    findings = examined(cloud())
    assert states(findings, *NAMES) == {True}


def test_nothing_that_is_billed_is_called_and_nothing_is_written() -> None:
    clients = cloud()
    examined(clients)
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


def test_each_finding_comes_before_the_next_check() -> None:
    clients = cloud()
    findings = examine(clients, ENDPOINT, BUCKET, TABLE)
    calls = [(next(findings).name, clients.operations()[-1:]) for _ in range(5)]
    assert calls == [
        ("region", []),
        ("services", []),
        ("credentials", ["GetCallerIdentity"]),
        ("endpoint", ["DescribeEndpoint"]),
        ("bucket", ["HeadBucket"]),
    ]


@pytest.mark.parametrize("operation", sorted(CHECKS))
@pytest.mark.parametrize(
    "trouble",
    [
        EndpointConnectionError(endpoint_url="https://example.invalid"),
        Refusal("UnknownCode", 418, "a (strange: code) it is"),
        Refusal("", 302, ""),
    ],
    ids=lambda trouble: getattr(trouble, "code", type(trouble).__name__) or "nameless",
)
def test_no_failing_call_stops_the_examination_or_passes(operation: str, trouble: Reply) -> None:
    others = {"SimulatePrincipalPolicy": Refusal("AccessDenied", 403)} if operation == "PutObject" else {}
    findings = examined(cloud(**{**others, operation: trouble}))
    assert findings[CHECKS[operation]].passed is not True


def test_every_known_code_is_reported_with_what_to_do() -> None:
    for code in CODES:
        refusal = Refusal(code, message="it says: no (really)")
        finding = finding_of("endpoint", cloud(DescribeEndpoint=refusal))
        assert finding.passed is not True
        for part in (finding.summary, finding.todo):
            assert part.count("(") == part.count(")")


@pytest.mark.parametrize("operation", ["GetCallerIdentity", "DescribeEndpoint", "HeadBucket", "GetRole"])
def test_an_empty_reply_passes_no_check(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a stand-in, or a proxy, behind AWS_ENDPOINT_URL."""
    monkeypatch.setattr(ParamValidator, "validate", lambda *_: SimpleNamespace(has_errors=lambda: False))
    check = "bucket region" if operation == "HeadBucket" else CHECKS[operation]
    assert finding_of(check, cloud(**{operation: {}})).passed is None


@pytest.mark.parametrize("operation", ["DescribeEndpoint", "GetPublicAccessBlock", "SimulatePrincipalPolicy"])
def test_neither_names_nor_account_numbers_nor_keys_are_repeated(operation: str) -> None:
    message = (
        f"User: {SESSION} is not authorized to perform: x:Y on resource: "
        f"arn:aws:sagemaker:{REGION}:{NUMBER}:endpoint/e (key AKIAIOSFODNN7EXAMPLE)"
    )
    findings = examined(cloud(**{operation: Refusal("AccessDeniedException", 403, message)}))
    everything = " ".join(map(words_of, findings.values()))
    assert "is not authorized to perform: x:Y" in everything
    for secret in ("caller", NUMBER, "AKIA", "Studio"):
        assert secret not in everything


def test_a_bucket_named_after_the_account_is_quoted_whole() -> None:
    """As SageMaker's own default bucket is."""
    never = Refusal("NoSuchPublicAccessBlockConfiguration", 404)
    name = f"sagemaker-{REGION}-{NUMBER}"
    finding = finding_of("bucket private", cloud(GetPublicAccessBlock=never), bucket=name)
    assert f"--bucket {name} " in finding.todo


@pytest.mark.parametrize(
    ("message", "quoted"),
    [
        (f"Endpoint e of account {NUMBER} not found.", "account …3333 not"),
        (f"ask {SESSION}", "ask (this identity)"),
    ],
)
def test_an_account_number_is_cut_short_and_an_identity_left_out(message: str, quoted: str) -> None:
    denied = Refusal("AccessDeniedException", 403, message)
    finding = finding_of("endpoint", cloud(DescribeEndpoint=denied))
    assert quoted in finding.summary
    assert "IAM" in finding.todo


def test_over_http_the_local_aws_passes_what_it_offers(aws: LocalAws) -> None:
    """Without IAM's simulation the write is made."""
    endpoint, bucket = os.environ["STORIES_ENDPOINT"], os.environ["STORIES_BUCKET"]
    findings = examined(Clients(timeouts=PATIENCE), endpoint, bucket)
    offered = ("region", "credentials", "endpoint", "bucket", "bucket writable", "clock")
    assert states(findings, *offered) == {True}
