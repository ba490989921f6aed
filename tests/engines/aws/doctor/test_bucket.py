"""The bucket: it exists, is private, encrypted, in the region and writable, or what to do."""

from __future__ import annotations

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.engines.aws.doctor.cloud import (
    BUCKET,
    OF_BUCKET,
    Refusal,
    Reply,
    allowing,
    cloud,
    examined,
    finding_of,
    states,
)


def test_a_bucket_that_is_not_set_is_never_called() -> None:
    clients = cloud()
    findings = examined(clients, bucket="")
    assert states(findings, *OF_BUCKET) == {None}
    assert not [name for name in clients.operations() if "Bucket" in name]


@pytest.mark.parametrize(
    ("reply", "passed", "word"),
    [
        (Refusal("404", 404), False, "create it"),
        (Refusal("403", 403), False, "s3:ListBucket"),
        (Refusal("301", 301), False, "STORIES_BUCKET"),
        (Refusal("400", 400), False, "STORIES_BUCKET"),
        (Refusal("503", 503), None, "again"),
        (ReadTimeoutError(endpoint_url="https://example.invalid"), None, "again"),
    ],
)
def test_a_bucket_out_of_reach_ends_the_calls_to_s3(reply: Reply, passed: bool | None, word: str) -> None:
    clients = cloud(HeadBucket=reply)
    findings = examined(clients)
    assert findings["bucket"].passed is passed
    assert word in findings["bucket"].todo
    assert states(findings, *OF_BUCKET) == {None}
    assert all("needs the bucket" in findings[name].summary for name in OF_BUCKET)
    assert "PutObject" not in clients.operations()
    assert "GetPublicAccessBlock" not in clients.operations()
    assert states(findings, "endpoint", "voices", "permissions") == {True}


def test_a_bucket_that_iam_lets_write_in_part_is_not_writable() -> None:
    denied = {"s3:PutObject": "/stories/doctor"}
    clients = cloud(SimulatePrincipalPolicy=lambda request: allowing(request, denied))
    findings = examined(clients)
    assert findings["bucket writable"].passed is False
    assert "s3:PutObject" in findings["bucket writable"].todo
    assert "PutObject" not in clients.operations()
    assert findings["permissions"].passed is False
    assert findings["permissions"].summary.count(BUCKET) == 1
    assert f"s3:PutObject on arn:aws:s3:::{BUCKET}/stories/" in findings["permissions"].summary


def test_a_bucket_that_may_be_written_and_not_read_is_writable() -> None:
    denied = {"s3:GetObject": "doctor"}
    findings = examined(cloud(SimulatePrincipalPolicy=lambda request: allowing(request, denied)))
    assert findings["bucket writable"].passed is True
    assert findings["permissions"].passed is False


def test_without_iam_an_object_is_written_and_never_over_another() -> None:
    clients = cloud(SimulatePrincipalPolicy=Refusal("AccessDenied", 403))
    findings = examined(clients)
    assert findings["bucket writable"].passed is True
    assert "doctor/probe.json" in findings["bucket writable"].summary
    (written,) = clients.params("PutObject")
    assert (written["Bucket"], written["Key"], written["IfNoneMatch"]) == (BUCKET, "doctor/probe.json", "*")
    assert findings["permissions"].passed is None
    assert clients.operations().count("SimulatePrincipalPolicy") == 1


@pytest.mark.parametrize(
    ("reply", "passed", "words"),
    [
        (Refusal("PreconditionFailed", 412), True, ""),  # the object of an earlier examination
        (Refusal("AccessDenied", 403), None, "IAM"),  # a policy may allow the other prefixes
    ],
)
def test_without_iam_the_write_itself_shows_whether_it_is_allowed(
    reply: Refusal, passed: bool | None, words: str
) -> None:
    clients = cloud(SimulatePrincipalPolicy=Refusal("AccessDenied", 403), PutObject=reply)
    finding = finding_of("bucket writable", clients)
    assert finding.passed is passed
    assert words in finding.todo
