"""The checks of the bucket: it exists, is private, encrypted, in the same region, and can be written."""

from __future__ import annotations

from typing import Any

from pipeline.engines.aws.doctor.case import Case, Result, unsure
from pipeline.engines.aws.doctor.permissions import decisions_on
from pipeline.engines.aws.errors import code_of
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
        reply = case.call("s3", "head_bucket", f"the bucket {case.bucket}", Bucket=case.bucket)
    except ConfigError as error:
        if error.problem != "access-denied":
            raise
        return (
            False,
            f"the bucket {case.bucket} is another account's, or these credentials may not list it",
            "set STORIES_BUCKET to a bucket of this account, or allow s3:ListBucket on it",
        )
    case.bucket_region = str(reply.get("BucketRegion", ""))
    return True, f"{case.bucket} exists", ""


def check_private(case: Case) -> Result:
    access = _setting(case, "public_access_block", "s3:GetBucketPublicAccessBlock")
    blocks = access.get("PublicAccessBlockConfiguration", {})
    if off := [name for name in _FOUR if not blocks.get(name)]:
        on = ",".join(f"{name}=true" for name in _FOUR)
        return (
            False,
            f"it may become public: {', '.join(off)} {'is' if len(off) == 1 else 'are'} off",
            f"run `aws s3api put-public-access-block --bucket {case.bucket} "
            f"--public-access-block-configuration {on}`",
        )
    policy = _setting(case, "bucket_policy_status", "s3:GetBucketPolicyStatus")
    if policy.get("PolicyStatus", {}).get("IsPublic"):
        return (
            False,
            "its policy gives access to everyone",
            f"take that out of the bucket policy of {case.bucket}",
        )
    return True, "all four blocks of public access are on", ""


def check_encrypted(case: Case) -> Result:
    encryption = _setting(case, "bucket_encryption", "s3:GetEncryptionConfiguration")
    rules = encryption.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    if algorithms := [each["SSEAlgorithm"] for each in defaults if "SSEAlgorithm" in each]:
        return True, f"by {', '.join(algorithms)}", ""
    rule = '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}'
    return (
        False,
        "it has no encryption by default",
        f"run `aws s3api put-bucket-encryption --bucket {case.bucket} "
        f"--server-side-encryption-configuration '{rule}'`",
    )


def check_same_region(case: Case) -> Result:
    case.clients_for("s3")
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
    clients = case.clients_for("s3")
    try:
        decisions = decisions_on(case)
    except StoriesError:
        S3Store(clients, case.bucket).put_if_absent(PROBE, b"{}")
        return True, f"proved by the object {PROBE}, since IAM could not be asked", ""
    if not all(each.allowed for each in decisions if each.action == "s3:PutObject"):
        return False, "IAM does not allow to write", f"allow s3:PutObject on every prefix of {case.bucket}"
    return True, "IAM allows it (bucket policies are no part of that)", ""


def _setting(case: Case, part: str, action: str) -> dict[str, Any]:
    """A setting of the bucket; {} where it was never set. action: IAM's name for reading it."""
    try:
        return case.call("s3", f"get_{part}", f"{action} on {case.bucket}", Bucket=case.bucket)
    except StoriesError as error:
        if code_of(error.__cause__) in _UNSET:
            return {}
        raise
