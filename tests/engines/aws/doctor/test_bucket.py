"""The bucket: there, private, encrypted, near and writable, or what to do."""

from __future__ import annotations

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.engines.aws.doctor.cloud import (
    BUCKET,
    FOUR,
    OF_BUCKET,
    REGION,
    Answer,
    Refusal,
    allowing,
    cloud,
    found,
    states,
)


def test_a_bucket_that_is_not_set_is_told_without_a_call() -> None:
    clients = cloud()
    findings = found(clients, bucket="")
    assert findings["bucket"].passed is False
    assert "STORIES_BUCKET" in findings["bucket"].todo
    assert states(findings, *OF_BUCKET) == {None}
    assert not [name for name in clients.operations() if "Bucket" in name]


@pytest.mark.parametrize(
    ("answer", "passed", "word"),
    [
        (Refusal("404", 404), False, "create it"),
        (Refusal("403", 403), False, "s3:ListBucket"),
        (Refusal("301", 301), False, "STORIES_BUCKET"),
        (Refusal("400", 400), False, "STORIES_BUCKET"),
        (Refusal("503", 503), None, "again"),
        (ReadTimeoutError(endpoint_url="https://example.invalid"), None, "again"),
    ],
)
def test_of_a_bucket_that_is_not_reached_nothing_more_is_asked(
    answer: Answer, passed: bool | None, word: str
) -> None:
    clients = cloud(HeadBucket=answer)
    findings = found(clients)
    assert findings["bucket"].passed is passed
    assert word in findings["bucket"].todo
    assert states(findings, *OF_BUCKET) == {None}
    assert all("needs the bucket" in findings[name].told for name in OF_BUCKET)
    assert "PutObject" not in clients.operations()
    assert "GetPublicAccessBlock" not in clients.operations()
    assert states(findings, "endpoint", "voices", "permissions") == {True}


@pytest.mark.parametrize("off", FOUR)
def test_a_bucket_with_one_block_off_is_not_private(off: str) -> None:
    told = {"PublicAccessBlockConfiguration": {**dict.fromkeys(FOUR, True), off: False}}
    finding = found(cloud(GetPublicAccessBlock=told))["bucket private"]
    assert finding.passed is False
    assert off in finding.told
    assert not [name for name in FOUR if name != off and name in finding.told]
    assert "put-public-access-block" in finding.todo
    assert BUCKET in finding.todo


def test_a_bucket_that_never_had_a_block_is_not_private() -> None:
    never = Refusal("NoSuchPublicAccessBlockConfiguration", 404)
    finding = found(cloud(GetPublicAccessBlock=never))["bucket private"]
    assert finding.passed is False
    assert all(f"{name}=true" in finding.todo for name in FOUR)


def test_a_bucket_whose_policy_is_public_is_not_private() -> None:
    finding = found(cloud(GetBucketPolicyStatus={"PolicyStatus": {"IsPublic": True}}))["bucket private"]
    assert finding.passed is False
    assert "policy" in finding.todo


def test_a_bucket_with_no_policy_is_private() -> None:
    assert found(cloud(GetBucketPolicyStatus=Refusal("NoSuchBucketPolicy", 404)))["bucket private"].passed


@pytest.mark.parametrize("operation", ["GetPublicAccessBlock", "GetBucketPolicyStatus"])
def test_whether_a_bucket_is_private_may_stay_unknown(operation: str) -> None:
    finding = found(cloud(**{operation: Refusal("AccessDenied", 403, "Access Denied")}))["bucket private"]
    assert finding.passed is None
    assert "s3:GetBucket" in finding.told
    assert "IAM" in finding.todo


def test_a_bucket_without_encryption_is_told_with_the_command_for_it() -> None:
    never = Refusal("ServerSideEncryptionConfigurationNotFoundError", 404)
    finding = found(cloud(GetBucketEncryption=never))["bucket encrypted"]
    assert finding.passed is False
    assert "put-bucket-encryption" in finding.todo
    assert "AES256" in finding.todo


def test_the_way_of_encryption_is_told_and_may_stay_unknown() -> None:
    assert "aws:kms" in found(cloud())["bucket encrypted"].told
    denied = found(cloud(GetBucketEncryption=Refusal("AccessDenied", 403)))["bucket encrypted"]
    assert denied.passed is None
    assert "s3:GetEncryptionConfiguration" in denied.told


def test_a_bucket_in_another_region_is_told_with_both_regions() -> None:
    finding = found(cloud(HeadBucket={"BucketRegion": "us-east-1"}))["bucket region"]
    assert finding.passed is False
    assert "AWS_REGION to us-east-1" in finding.todo
    assert REGION in finding.todo


def test_a_bucket_that_does_not_tell_its_region_stays_unknown() -> None:
    assert found(cloud(HeadBucket={}))["bucket region"].passed is None


@pytest.mark.parametrize(
    "prefix", ["audio", "cache", "catalogs", "claims", "idempotency", "quarantine", "stories"]
)
def test_a_bucket_that_iam_lets_write_in_part_is_not_writable(prefix: str) -> None:
    clients = cloud(
        SimulatePrincipalPolicy=lambda asked: allowing(asked, {"s3:PutObject": f"/{prefix}/doctor"})
    )
    findings = found(clients)
    assert findings["bucket writable"].passed is False
    assert "s3:PutObject" in findings["bucket writable"].todo
    assert "PutObject" not in clients.operations()
    assert findings["permissions"].passed is False
    assert findings["permissions"].told.count(BUCKET) == 1
    assert f"s3:PutObject on arn:aws:s3:::{BUCKET}/{prefix}/" in findings["permissions"].told


def test_a_bucket_that_may_be_written_and_not_read_is_writable() -> None:
    but = {"s3:GetObject": "doctor"}
    findings = found(cloud(SimulatePrincipalPolicy=lambda asked: allowing(asked, but)))
    assert findings["bucket writable"].passed is True
    assert findings["permissions"].passed is False


def test_where_iam_is_not_to_be_asked_one_object_is_written_and_never_over_another() -> None:
    clients = cloud(SimulatePrincipalPolicy=Refusal("AccessDenied", 403))
    findings = found(clients)
    assert findings["bucket writable"].passed is True
    assert "doctor/probe.json" in findings["bucket writable"].told
    (written,) = clients.params("PutObject")
    assert (written["Bucket"], written["Key"], written["IfNoneMatch"]) == (BUCKET, "doctor/probe.json", "*")
    assert findings["permissions"].passed is None
    assert clients.operations().count("SimulatePrincipalPolicy") == 1


def test_an_object_that_an_earlier_examination_left_shows_that_writing_is_allowed() -> None:
    there = Refusal("PreconditionFailed", 412)
    clients = cloud(SimulatePrincipalPolicy=Refusal("AccessDenied", 403), PutObject=there)
    assert found(clients)["bucket writable"].passed is True


def test_a_write_that_is_refused_leaves_it_unknown_since_a_policy_may_hold_other_prefixes_only() -> None:
    refused = Refusal("AccessDenied", 403)
    finding = found(cloud(SimulatePrincipalPolicy=refused, PutObject=refused))["bucket writable"]
    assert finding.passed is None
    assert "IAM" in finding.todo
