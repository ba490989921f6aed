"""The bucket: it exists, is private, encrypted, in the region and writable, or what to do."""

from __future__ import annotations

import pytest
from botocore.exceptions import ReadTimeoutError

from pipeline.engines.aws.doctor import PREFIXES
from tests.engines.aws.doctor.cloud import (
    BUCKET,
    FOUR,
    OF_BUCKET,
    REGION,
    Refusal,
    Reply,
    allowing,
    cloud,
    examined,
    states,
)


def test_a_bucket_that_is_not_set_is_reported_without_a_call() -> None:
    clients = cloud()
    findings = examined(clients, bucket="")
    assert findings["bucket"].passed is False
    assert "STORIES_BUCKET" in findings["bucket"].todo
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


@pytest.mark.parametrize("off", FOUR)
def test_a_bucket_with_one_block_off_is_not_private(off: str) -> None:
    access = {"PublicAccessBlockConfiguration": {**dict.fromkeys(FOUR, True), off: False}}
    finding = examined(cloud(GetPublicAccessBlock=access))["bucket private"]
    assert finding.passed is False
    assert off in finding.summary
    assert not [name for name in FOUR if name != off and name in finding.summary]
    assert "put-public-access-block" in finding.todo
    assert BUCKET in finding.todo


def test_a_bucket_that_never_had_a_block_is_not_private() -> None:
    never = Refusal("NoSuchPublicAccessBlockConfiguration", 404)
    finding = examined(cloud(GetPublicAccessBlock=never))["bucket private"]
    assert finding.passed is False
    assert all(f"{name}=true" in finding.todo for name in FOUR)


def test_a_bucket_whose_policy_is_public_is_not_private() -> None:
    finding = examined(cloud(GetBucketPolicyStatus={"PolicyStatus": {"IsPublic": True}}))["bucket private"]
    assert finding.passed is False
    assert "policy" in finding.todo


def test_a_bucket_with_no_policy_is_private() -> None:
    assert examined(cloud(GetBucketPolicyStatus=Refusal("NoSuchBucketPolicy", 404)))["bucket private"].passed


@pytest.mark.parametrize("operation", ["GetPublicAccessBlock", "GetBucketPolicyStatus"])
def test_whether_a_bucket_is_private_is_unknown_without_permission(operation: str) -> None:
    finding = examined(cloud(**{operation: Refusal("AccessDenied", 403, "Access Denied")}))["bucket private"]
    assert finding.passed is None
    assert "s3:GetBucket" in finding.summary
    assert "IAM" in finding.todo


def test_a_bucket_without_encryption_is_reported_with_the_command() -> None:
    never = Refusal("ServerSideEncryptionConfigurationNotFoundError", 404)
    finding = examined(cloud(GetBucketEncryption=never))["bucket encrypted"]
    assert finding.passed is False
    assert "put-bucket-encryption" in finding.todo
    assert "AES256" in finding.todo


def test_the_kind_of_encryption_is_reported_or_unknown() -> None:
    assert "aws:kms" in examined(cloud())["bucket encrypted"].summary
    denied = examined(cloud(GetBucketEncryption=Refusal("AccessDenied", 403)))["bucket encrypted"]
    assert denied.passed is None
    assert "s3:GetEncryptionConfiguration" in denied.summary


def test_a_bucket_in_another_region_is_reported_with_both_regions() -> None:
    finding = examined(cloud(HeadBucket={"BucketRegion": "us-east-1"}))["bucket region"]
    assert finding.passed is False
    assert "AWS_REGION to us-east-1" in finding.todo
    assert REGION in finding.todo


def test_a_bucket_without_a_region_in_the_reply_is_unknown() -> None:
    assert examined(cloud(HeadBucket={}))["bucket region"].passed is None


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_bucket_that_iam_lets_write_in_part_is_not_writable(prefix: str) -> None:
    denied = {"s3:PutObject": f"/{prefix}/doctor"}
    clients = cloud(SimulatePrincipalPolicy=lambda request: allowing(request, denied))
    findings = examined(clients)
    assert findings["bucket writable"].passed is False
    assert "s3:PutObject" in findings["bucket writable"].todo
    assert "PutObject" not in clients.operations()
    assert findings["permissions"].passed is False
    assert findings["permissions"].summary.count(BUCKET) == 1
    assert f"s3:PutObject on arn:aws:s3:::{BUCKET}/{prefix}/" in findings["permissions"].summary


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


def test_an_object_of_an_earlier_examination_shows_that_writing_is_allowed() -> None:
    exists = Refusal("PreconditionFailed", 412)
    clients = cloud(SimulatePrincipalPolicy=Refusal("AccessDenied", 403), PutObject=exists)
    assert examined(clients)["bucket writable"].passed is True


def test_a_refused_write_is_unknown_since_a_policy_may_allow_other_prefixes() -> None:
    refused = Refusal("AccessDenied", 403)
    finding = examined(cloud(SimulatePrincipalPolicy=refused, PutObject=refused))["bucket writable"]
    assert finding.passed is None
    assert "IAM" in finding.todo
