"""A reply of a service, and its finding: passed, and words of the summary or of what to do."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.engines.aws.voices import PollyVoice, Table
from tests.engines.aws.doctor.cloud import (
    BUCKET,
    FOUR,
    NUMBER,
    REGION,
    TABLE,
    Refusal,
    Reply,
    cloud,
    described,
    finding_of,
    voices,
    words_of,
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
        (Refusal("InvalidClientTokenId", 403), False, "keys"),
        (Refusal("SignatureDoesNotMatch", 403), False, "clock"),
        (Refusal("ExpiredToken", 403), False, "sign in again"),
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
        (Refusal("ValidationException", 400, "Value 'a b' at 'endpointName'"), False, "hyphens"),
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
    finding = finding_of(name, cloud(**{operation: reply}))
    assert finding.passed is passed
    assert all(word in words_of(finding) for word in words.split("|"))


MANY = [PollyVoice(f"Voice{number:02}", "en-US", ("neural",)) for number in range(30)]


@pytest.mark.parametrize(
    ("name", "setting", "words"),
    [
        ("endpoint", {"endpoint": ""}, "set STORIES_ENDPOINT|01_deploy_falcon"),
        ("bucket", {"bucket": ""}, "set STORIES_BUCKET"),
        ("voices", {"table": Table("2026-11", {"nl": "Lotte"}, TABLE.voices)}, "neural Lotte"),
        ("voices", {"table": Table("2026-11", {}, tuple(MANY))}, "Voice07 and 22 more|AWS_REGION"),
    ],
)
def test_a_setting_that_is_missing_or_wrong_gives_its_finding(
    name: str, setting: dict[str, Any], words: str
) -> None:
    clients = cloud()
    finding = finding_of(name, clients, **setting)
    assert finding.passed is False
    assert all(word in words_of(finding) for word in words.split("|"))
    assert {"DescribeEndpoint": "endpoint", "HeadBucket": "bucket"}.get(clients.operations()[-1]) != name
