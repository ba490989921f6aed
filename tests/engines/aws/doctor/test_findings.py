"""A reply of a service, and its finding: passed, and words of the summary or of what to do."""

from __future__ import annotations

import pytest

from tests.engines.aws.doctor.cloud import (
    BUCKET,
    FOUR,
    NUMBER,
    REGION,
    Refusal,
    Reply,
    cloud,
    described,
    examined,
    voices,
)

REASON = "CapacityError:\n none left"
DENIED = Refusal("AccessDenied", 403, "Access Denied")
NO_ENDPOINT = Refusal("ValidationException", 400, 'Could not find endpoint "e".')
NO_BLOCKS = Refusal("NoSuchPublicAccessBlockConfiguration", 404)
NO_ENCRYPTION = Refusal("ServerSideEncryptionConfigurationNotFoundError", 404)
JOANNA = ("Joanna", "en-US", ["neural"])


def identity(caller: str) -> dict[str, str]:
    return {"UserId": "A", "Account": NUMBER, "Arn": caller}


def blocks(off: str) -> dict[str, dict[str, bool]]:
    return {"PublicAccessBlockConfiguration": {**dict.fromkeys(FOUR, True), off: False}}


# (finding, operation) -> its reply, whether it passes, words with a bar between.
CASES: dict[tuple[str, str], list[tuple[Reply, bool | None, str]]] = {
    ("credentials", "GetCallerIdentity"): [
        (identity(f"arn:aws:iam::{NUMBER}:user/family/a.caller"), True, "user|3333"),
        (identity(f"arn:aws:iam::{NUMBER}:root"), True, "root|3333"),
        (identity(f"arn:aws-us-gov:sts::{NUMBER}:federated-user/a.caller"), True, "federated|3333"),
    ],
    ("endpoint", "DescribeEndpoint"): [
        (described("InService"), True, "in service"),
        (described("Updating"), True, "updated"),
        (described("SystemUpdating"), True, "maintenance"),
        (described("RollingBack"), True, "back"),
        (described("Creating"), False, "wait|5 to 10 minutes|have passed"),
        (described("Failed", FailureReason=REASON), False, "CapacityError: none left|01_deploy_falcon"),
        (described("Failed", FailureReason="{minutes} {0} {no: such}"), False, "{no: such}"),
        (described("OutOfService"), False, "01_deploy_falcon"),
        (described("Deleting"), False, "STORIES_ENDPOINT"),
        (described("UpdateRollbackFailed", FailureReason=REASON), False, "none left|update it again"),
        (described("Dream{ing}"), False, "Dream{ing}|console"),
        (NO_ENDPOINT, False, "STORIES_ENDPOINT|01_deploy_falcon"),
        (Refusal("AccessDeniedException", 400), None, "IAM"),
    ],
    ("bucket private", "GetPublicAccessBlock"): [
        *((blocks(name), False, f"public: {name} is off|put-public-access-block|{BUCKET}") for name in FOUR),
        (NO_BLOCKS, False, "|".join(f"{name}=true" for name in FOUR)),
        (DENIED, None, "s3:GetBucketPublicAccessBlock|IAM"),
    ],
    ("bucket private", "GetBucketPolicyStatus"): [
        ({"PolicyStatus": {"IsPublic": True}}, False, "policy"),
        (Refusal("NoSuchBucketPolicy", 404), True, ""),
        (DENIED, None, "s3:GetBucketPolicyStatus|IAM"),
    ],
    ("bucket encrypted", "GetBucketEncryption"): [
        (NO_ENCRYPTION, False, "put-bucket-encryption|AES256"),
        (DENIED, None, "s3:GetEncryptionConfiguration"),
    ],
    ("bucket encrypted", "HeadBucket"): [({"BucketRegion": REGION}, True, "aws:kms")],
    ("bucket region", "HeadBucket"): [
        ({"BucketRegion": "us-east-1"}, False, f"AWS_REGION to us-east-1|{REGION}"),
        ({}, None, ""),
    ],
    ("voices", "DescribeVoices"): [
        (voices(JOANNA, ("Lotte", "nl-NL", ["standard"])), False, f"neural Laura in {REGION}|voices refresh"),
        (voices(JOANNA, ("Laura", "nl-NL", ["standard", "generative"])), False, "neural Laura in"),
        (voices(JOANNA, ("Laura", "nl-NL", ["neural"])), True, ""),
        (DENIED, None, "IAM"),
    ],
}


@pytest.mark.parametrize(
    ("name", "operation", "reply", "passed", "words"),
    [(*key, *case) for key, cases in CASES.items() for case in cases],
)
def test_a_reply_gives_its_finding(
    name: str, operation: str, reply: Reply, passed: bool | None, words: str
) -> None:
    finding = examined(cloud(**{operation: reply}))[name]
    assert finding.passed is passed
    for word in words.split("|"):
        assert word in f"{finding.summary} {finding.todo}"
