"""Whether the bucket is there, is private, encrypted and in the same region, and can be written."""

from __future__ import annotations

from typing import Any

from pipeline.engines.aws.doctor.case import Case, Result, unsure
from pipeline.engines.aws.doctor.permissions import decisions_on
from pipeline.engines.aws.s3 import S3Store
from pipeline.errors import ConfigError, StoriesError

PROBE = "doctor/probe.json"
_FOUR = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
# S3 answers 404 with these where nothing was ever set.
_UNSET = {
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchBucketPolicy",
    "ServerSideEncryptionConfigurationNotFoundError",
}


def check_bucket(case: Case) -> Result:
    if not case.bucket:
        return (
            False,
            "no bucket is set",
            "set STORIES_BUCKET to the S3 bucket that keeps the stories (`export STORIES_BUCKET=my-stories`)",
        )
    try:
        answer = case.ask("s3", "head_bucket", f"the bucket {case.bucket}", Bucket=case.bucket)
    except ConfigError as error:
        if error.problem != "access-denied":
            raise
        return (
            False,
            f"the bucket {case.bucket} is another account's, or these credentials may not list it",
            "set STORIES_BUCKET to a bucket of this account, or allow s3:ListBucket on it",
        )
    case.bucket_region = str(answer.get("BucketRegion", ""))
    return True, f"{case.bucket} is there", ""


def check_private(case: Case) -> Result:
    told = _of_bucket(case, "public_access_block", "s3:GetBucketPublicAccessBlock")
    blocks = told.get("PublicAccessBlockConfiguration", {})
    if off := [name for name in _FOUR if not blocks.get(name)]:
        on = ",".join(f"{name}=true" for name in _FOUR)
        return (
            False,
            f"it may become public: {', '.join(off)} {'is' if len(off) == 1 else 'are'} off",
            f"run `aws s3api put-public-access-block --bucket {case.bucket} "
            f"--public-access-block-configuration {on}`",
        )
    told = _of_bucket(case, "bucket_policy_status", "s3:GetBucketPolicyStatus")
    if told.get("PolicyStatus", {}).get("IsPublic"):
        return False, "its policy lets everybody in", f"take that out of the bucket policy of {case.bucket}"
    return True, "all four blocks of public access are on", ""


def check_encrypted(case: Case) -> Result:
    told = _of_bucket(case, "bucket_encryption", "s3:GetEncryptionConfiguration")
    rules = told.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    if ways := [one["SSEAlgorithm"] for one in defaults if "SSEAlgorithm" in one]:
        return True, f"by {', '.join(ways)}", ""
    rule = '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}'
    return (
        False,
        "it has no encryption by default",
        f"run `aws s3api put-bucket-encryption --bucket {case.bucket} "
        f"--server-side-encryption-configuration '{rule}'`",
    )


def check_same_region(case: Case) -> Result:
    case.of("s3")
    if not case.bucket_region:
        raise unsure("S3 did not say which region the bucket is in")
    if case.bucket_region == case.region:
        return True, f"{case.bucket} is in {case.region} too", ""
    return (
        False,
        f"{case.bucket} is in {case.bucket_region}, and the region is {case.region}",
        f"set AWS_REGION to {case.bucket_region}, or STORIES_BUCKET to a bucket in {case.region}",
    )


def check_writable(case: Case) -> Result:
    clients = case.of("s3")
    try:
        decisions = decisions_on(case)
    except StoriesError:
        S3Store(clients, case.bucket).put_if_absent(PROBE, b"{}")
        return True, f"proved by the object {PROBE}, since IAM could not be asked", ""
    if not all(one.allowed for one in decisions if one.action == "s3:PutObject"):
        return False, "IAM does not allow to write", f"allow s3:PutObject on every prefix of {case.bucket}"
    return True, "IAM allows it (bucket policies are no part of that)", ""


def _of_bucket(case: Case, part: str, action: str) -> dict[str, Any]:
    """One of the bucket's settings; {} where it was never set. action: what IAM calls reading it."""
    try:
        return case.ask("s3", f"get_{part}", f"{action} on {case.bucket}", Bucket=case.bucket)
    except StoriesError as error:
        response = getattr(error.__cause__, "response", None) or {}
        if response.get("Error", {}).get("Code") in _UNSET:
            return {}
        raise
