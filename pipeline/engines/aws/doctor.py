"""What `stories doctor --profile aws` looks at: one finding after another, as each is known.

Nothing that is billed by use is called: no story is written, nothing is translated and nothing is spoken.
What is asked is who is calling, how the endpoint and the bucket are, which voices there are, and what IAM
would allow. Where IAM cannot be asked, one tiny object (doctor/probe.json) is written, and that is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.errors import answered
from pipeline.engines.aws.s3 import S3Store
from pipeline.engines.aws.voices import Table, refresh
from pipeline.errors import ConfigError, StoriesError
from pipeline.types import Finding

PROBE = "doctor/probe.json"
# Seconds of silence that are enough for these small answers, for Clients(timeouts=...).
PATIENCE: Mapping[str, float] = dict.fromkeys(("sts", "sagemaker", "s3", "polly", "iam"), 10.0)
# The first part of every key in pipeline/keys.py.
PREFIXES = ("audio", "cache", "quarantine", "stories")
# IAM user guide, "Elements of an AWS API request signature": a request's time may be off by five minutes.
_MOST_SKEW_S = 300
_NAMED_AT_MOST = 8
_NOTEBOOK = "notebooks/01_deploy_falcon.ipynb"

# passed, told and todo of a Finding
_Result = tuple[bool | None, str, str]


def examine(
    clients: Clients, endpoint: str, bucket: str, table: Table, engine: str = "neural"
) -> Iterator[Finding]:
    """A finding for each check, in their order; what a check meets is told and never raised.

    passed is None where it could not be checked, with the reason; todo is "" only where it passed. Nothing
    tells a key, a person's name, or more of an account's number than its last four digits.
    endpoint, bucket: their names, "" where none is set. table: the voices that are spoken with, by Polly's
    `engine`. Bounded in time by the clients' timeouts: Clients(timeouts=PATIENCE) is some minutes at worst.
    """
    case = _Case(clients, endpoint, bucket, table, engine)
    for name, (check, otherwise) in _CHECKS.items():
        finding = _found(name, check, otherwise, case)
        service, states = _STOPS.get(name, ("", ()))
        if finding.passed in states:
            case.stopped.setdefault(service, f"it needs the {name}: mend the {name} first")
        yield finding


def _found(name: str, check: Callable[[_Case], _Result], otherwise: str, case: _Case) -> Finding:
    try:
        passed, told, todo = check(case)
    except StoriesError as error:
        passed = None if error.problem in _UNSURE else False
        told, todo = _parted(str(error), otherwise)
    told = told if passed is not None else f"not checked: {told}"
    return Finding(name, passed, _masked(told), "" if passed else _masked(todo))


@dataclass
class _Case:
    """What is examined, and what is known of it so far."""

    clients: Clients
    endpoint: str
    bucket: str
    table: Table
    engine: str
    region: str = ""
    caller: _Caller | None = None
    bucket_region: str = ""
    skew_s: float | None = None
    # Service ("*": every one) -> why it is asked no more.
    stopped: dict[str, str] = field(default_factory=dict)
    simulated: tuple[_Decision, ...] | StoriesError | None = None

    def of(self, service: str) -> Clients:
        """The clients, where it makes sense to ask this service. Raises ConfigError."""
        if because := self.stopped.get("*") or self.stopped.get(service):
            raise _unsure(because)
        return self.clients

    def ask(self, service: str, operation: str, what: str, wanted: str = "", **asked: Any) -> dict[str, Any]:
        """One answer. what: words for a person, should it fail. wanted: what must be in it, for anything may
        stand behind an AWS_ENDPOINT_URL. Raises StoriesError."""
        clients = self.of(service)
        try:
            with answered(service, what):
                answer: dict[str, Any] = getattr(clients.get(service), operation)(**asked)
        except StoriesError as error:
            self._read_clock(getattr(error.__cause__, "response", None) or {})
            raise
        self._read_clock(answer)
        if wanted and not answer.get(wanted):
            raise _unsure(f"the answer of {what} makes no sense (no {wanted}): check any AWS_ENDPOINT_URL")
        return answer

    def _read_clock(self, answer: Mapping[str, Any]) -> None:
        """Answers carry the time, also those that refuse a request for its own time."""
        told = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            theirs = parsedate_to_datetime(told)
        except ValueError:
            return
        self.skew_s = (datetime.now(UTC) - theirs.replace(tzinfo=UTC)).total_seconds()  # HTTP's is GMT


# Who asks.


@dataclass(frozen=True, slots=True)
class _Caller:
    """An ARN in its parts. kind: "assumed-role", "user", ... name: all that follows, with slashes."""

    arn: str
    partition: str
    account: str
    kind: str
    name: str = ""

    def __str__(self) -> str:
        return _CALLERS.get(self.kind, self.kind)


_CALLERS = {
    "assumed-role": "a role",
    "user": "an IAM user",
    "root": "the root user (a role with less power is safer)",
    "federated-user": "a federated user",
}
_ARN = re.compile(r"arn:([\w-]+):\w+::(\d{12}):([\w-]+)(?:/(.+))?")


def _region(case: _Case) -> _Result:
    try:
        case.region = str(case.clients.get("sts").meta.region_name)
    except ModuleNotFoundError as error:
        return False, f"the package {error.name} is not installed", "run `make setup`"
    except ConfigError as error:
        if error.problem == "no-region":
            raise
        raise _unsure(str(error)) from error  # a profile that is not there is the next check's finding
    return True, case.region, ""


def _credentials(case: _Case) -> _Result:
    told = str(case.ask("sts", "get_caller_identity", "AWS STS", wanted="Arn")["Arn"])
    parts = _ARN.fullmatch(told)
    if parts is None:
        raise _unsure("AWS STS told an identity that is no ARN: check any AWS_ENDPOINT_URL")
    case.caller = _Caller(told, *parts.groups(""))
    return True, f"{case.caller}, of the account …{case.caller.account[-4:]}", ""


def _clock(case: _Case) -> _Result:
    if case.skew_s is None:
        raise _unsure("no answer of AWS told the time")
    if abs(case.skew_s) <= _MOST_SKEW_S:
        return True, f"within {max(1, round(abs(case.skew_s)))} s of AWS's", ""
    way = "ahead of" if case.skew_s > 0 else "behind"
    return (
        False,
        f"this machine's clock is {abs(case.skew_s) / 60:.0f} minutes {way} AWS's, which refuses signatures",
        "set this machine's clock, best by a time server (NTP)",
    )


# The endpoint.

_STATES: Mapping[str, _Result] = {
    "InService": (True, "is in service", ""),
    "Updating": (True, "is being updated, and serves meanwhile", ""),
    "SystemUpdating": (True, "is under AWS's maintenance, and serves meanwhile", ""),
    "RollingBack": (True, "goes back to its last configuration, and serves meanwhile", ""),
    "Creating": (False, "is being created", "wait: it takes 5 to 10 minutes, and this one has had {minutes}"),
    "Deleting": (False, "is being deleted", f"deploy another with {_NOTEBOOK}, or set STORIES_ENDPOINT"),
    "OutOfService": (False, "is out of service", f"delete it and deploy again with {_NOTEBOOK}"),
    "Failed": (False, "has failed: {reason}", f"mend that, delete it and deploy again with {_NOTEBOOK}"),
    "UpdateRollbackFailed": (
        False,
        "serves with a mix of old and new, since an update and its rollback failed: {reason}",
        "update it again, or delete it and deploy again",
    ),
}
_STRANGE: _Result = (False, "is in a state called {status}", "look at it in SageMaker's console")


def _endpoint(case: _Case) -> _Result:
    if not case.endpoint:
        return False, "no endpoint is set", f"set STORIES_ENDPOINT, or deploy one with {_NOTEBOOK}"
    what = f"the SageMaker endpoint {case.endpoint}"
    answer = case.ask("sagemaker", "describe_endpoint", what, "EndpointStatus", EndpointName=case.endpoint)
    status = str(answer["EndpointStatus"])
    passed, told, todo = _STATES.get(status, _STRANGE)
    now = datetime.now(UTC)
    age = now - answer.get("CreationTime", now)
    known = {
        "status": status,
        "reason": " ".join(answer.get("FailureReason", "AWS tells no reason").split()),
        "minutes": max(0, int(age.total_seconds() // 60)),
    }
    return passed, f"{case.endpoint} {told.format(**known)}", todo.format(**known)


# The bucket.

_FOUR = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def _bucket(case: _Case) -> _Result:
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


def _private(case: _Case) -> _Result:
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


def _encrypted(case: _Case) -> _Result:
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


def _same_region(case: _Case) -> _Result:
    case.of("s3")
    if not case.bucket_region:
        raise _unsure("S3 did not say which region the bucket is in")
    if case.bucket_region == case.region:
        return True, f"{case.bucket} is in {case.region} too", ""
    return (
        False,
        f"{case.bucket} is in {case.bucket_region}, and the region is {case.region}",
        f"set AWS_REGION to {case.bucket_region}, or STORIES_BUCKET to a bucket in {case.region}",
    )


def _writable(case: _Case) -> _Result:
    clients = case.of("s3")
    try:
        decisions = _decisions(case)
    except StoriesError:
        S3Store(clients, case.bucket).put_if_absent(PROBE, b"{}")
        return True, f"proved by the object {PROBE}, since IAM could not be asked", ""
    if not all(one.allowed for one in decisions if one.action == "s3:PutObject"):
        return False, "IAM does not allow to write", f"allow s3:PutObject on every prefix of {case.bucket}"
    return True, "IAM allows it (bucket policies are no part of that)", ""


# S3 answers 404 with these where nothing was ever set.
_UNSET = {
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchBucketPolicy",
    "ServerSideEncryptionConfigurationNotFoundError",
}


def _of_bucket(case: _Case, part: str, action: str) -> dict[str, Any]:
    """One of the bucket's settings; {} where it was never set. action: what IAM calls reading it."""
    try:
        return case.ask("s3", f"get_{part}", f"{action} on {case.bucket}", Bucket=case.bucket)
    except StoriesError as error:
        response = getattr(error.__cause__, "response", None) or {}
        if response.get("Error", {}).get("Code") in _UNSET:
            return {}
        raise


# Voices.


def _voices(case: _Case) -> _Result:
    now = refresh(case.of("polly"), case.engine, case.table).table
    wanted = {one.id for one in case.table.voices if case.engine in one.engines}
    wanted |= set(case.table.locales.values())
    if lacking := sorted(wanted - {one.id for one in now.voices if case.engine in one.engines}):
        names = ", ".join(lacking[:_NAMED_AT_MOST])
        more = len(lacking) - _NAMED_AT_MOST
        return (
            False,
            f"Polly has no {case.engine} {names}{f' and {more} more' if more > 0 else ''} in {case.region}",
            "run `stories voices refresh`, or set AWS_REGION to one that has them",
        )
    return True, f"all {len(wanted)} of the table have the {case.engine} engine", ""


# Permissions.

# Conditions that are met in fact; left unknown, a denial "unless" would deny everything.
_CONTEXT = (
    ("aws:SecureTransport", "boolean", "true"),
    ("s3:x-amz-server-side-encryption", "string", "AES256"),
)


@dataclass(frozen=True, slots=True)
class _Decision:
    action: str
    resource: str
    allowed: bool


def _permissions(case: _Case) -> _Result:
    decisions = _decisions(case)
    if denied := [f"{one.action} on {one.resource}" for one in decisions if not one.allowed]:
        return False, f"IAM does not allow {'; '.join(denied)}", f"allow that in IAM to {case.caller}"
    return True, f"IAM allows {', '.join(dict.fromkeys(one.action for one in decisions))}", ""


def _needed(case: _Case, caller: _Caller) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Actions that are needed, and on what: where an endpoint or a bucket is not set, not on that."""
    # Translate asks Comprehend, in the caller's name, which language a text is in (source "auto").
    yield (
        "polly:SynthesizeSpeech polly:DescribeVoices translate:TranslateText "
        "comprehend:DetectDominantLanguage",
        ("*",),
    )
    if case.endpoint:  # its ARN has small letters only; streaming too goes by this action
        there = f"arn:{caller.partition}:sagemaker:{case.region}:{caller.account}"
        yield "sagemaker:InvokeEndpoint", (f"{there}:endpoint/{case.endpoint.lower()}",)
    if case.bucket:
        bucket = f"arn:{caller.partition}:s3:::{case.bucket}"
        yield "s3:GetObject s3:PutObject", tuple(f"{bucket}/{one}/doctor" for one in PREFIXES)
        yield "s3:ListBucket", (bucket,)


def _decisions(case: _Case) -> tuple[_Decision, ...]:
    """What IAM's simulation says of all that is needed; asked once. Raises ConfigError: it has no answer."""
    if case.simulated is None:
        try:
            case.simulated = tuple(_simulated(case))
        except StoriesError as error:
            case.simulated = _unsure(str(error))
    if isinstance(case.simulated, StoriesError):
        raise case.simulated
    return case.simulated


def _simulated(case: _Case) -> Iterator[_Decision]:
    caller = case.caller
    if caller is None:
        raise _unsure("it is not known who is calling: mend the credentials first")
    principal = _principal(case, caller)
    for actions, resources in _needed(case, caller):
        told = case.ask(
            "iam",
            "simulate_principal_policy",
            "iam:SimulatePrincipalPolicy",
            "EvaluationResults",
            PolicySourceArn=principal,
            ActionNames=actions.split(),
            ResourceArns=list(resources),
            ContextEntries=[
                {"ContextKeyName": name, "ContextKeyType": kind, "ContextKeyValues": [value]}
                for name, kind, value in (*_CONTEXT, ("aws:RequestedRegion", "string", case.region))
            ],
        )
        # One page holds a hundred results; these are four actions, or two on four resources.
        results = {one.get("EvalActionName"): one for one in told["EvaluationResults"]}
        for action in actions.split():
            yield from _of_action(action, resources, results.get(action, {}))


def _of_action(action: str, resources: Sequence[str], result: Mapping[str, Any]) -> Iterator[_Decision]:
    """Of each resource where IAM tells them apart, else of all."""
    apart = {
        one.get("EvalResourceName"): one.get("EvalResourceDecision")
        for one in result.get("ResourceSpecificResults", ())
    }
    for resource in resources:
        told = apart.get(resource) or result.get("EvalDecision")
        if told is None:
            raise _unsure(f"IAM's simulation says nothing of {action}")
        yield _Decision(action, resource, told == "allowed")


def _principal(case: _Case, caller: _Caller) -> str:
    """The ARN that has the policies: a role's own, not its session's, which leaves the role's path out."""
    if caller.kind == "user":
        return caller.arn
    if caller.kind != "assumed-role":
        raise _unsure(f"IAM simulates roles and users only, and this is {caller}: come as one of them")
    role = caller.name.partition("/")[0]
    try:
        return str(case.ask("iam", "get_role", "iam:GetRole", "Role", RoleName=role)["Role"]["Arn"])
    except ConfigError as error:
        if error.problem != "access-denied":
            raise
        return f"arn:{caller.partition}:iam::{caller.account}:role/{role}"


# In which order, and what to do where an error does not say it.

_CHECKS: Mapping[str, tuple[Callable[[_Case], _Result], str]] = {
    "region": (_region, "set AWS_REGION"),
    "credentials": (_credentials, "try `aws sts get-caller-identity`"),
    "endpoint": (_endpoint, "check STORIES_ENDPOINT: letters, digits and hyphens, 63 at most"),
    "bucket": (_bucket, "check STORIES_BUCKET"),
    "bucket private": (_private, "look at the bucket's permissions in S3's console"),
    "bucket encrypted": (_encrypted, "look at the bucket's properties in S3's console"),
    "bucket region": (_same_region, "try `aws s3api head-bucket`"),
    "bucket writable": (_writable, "try `aws s3 cp`"),
    "voices": (_voices, "run it again in a while"),
    "permissions": (_permissions, "allow iam:SimulatePrincipalPolicy and iam:GetRole, and run it again"),
    "clock": (_clock, "compare this machine's clock with another"),
}
# Problems that say nothing of what was to be checked.
_UNSURE = {"access-denied", "throttled", "unavailable", "not-asked"}


# After which finding, in which states, a service ("*": any) is asked no more.
_STOPS: Mapping[str, tuple[str, tuple[bool | None, ...]]] = {
    "region": ("*", (False,)),
    "credentials": ("*", (False,)),
    "bucket": ("s3", (False, None)),
}


def _unsure(because: str) -> ConfigError:
    return ConfigError(because, problem="not-asked")


# Words.

_WHO = re.compile(r"arn:[\w-]+:(?:iam|sts)::\d*:[\w+=,.@:/*-]+")
_KEY_ID = re.compile(r"\bA[KS]IA[A-Z0-9]{12,}")
# As a word or as a part of an ARN; a bucket's name may hold the number, and is needed whole.
_ACCOUNT_ID = re.compile(r"(?<=[: ])\d{8}(\d{4})(?=[: .,)]|$)")


def _masked(text: str) -> str:
    """AWS's own words name persons, accounts and keys."""
    return _ACCOUNT_ID.sub(r"…\1", _KEY_ID.sub("(a key)", _WHO.sub("(this identity)", text)))


def _parted(message: str, otherwise: str) -> tuple[str, str]:
    """What is wrong, what to do: our errors say both, with a colon between and AWS's words in brackets."""
    for colon in reversed([found.start() for found in re.finditer(": ", message)]):
        parts = message[:colon], message[colon + 2 :]
        if all(part.count("(") == part.count(")") for part in parts):
            return parts
    return message, otherwise
