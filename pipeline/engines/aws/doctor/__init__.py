"""The checks of `stories doctor --profile aws`: one finding after another, as each is known.

Nothing that is billed by use is called: no story is written, nothing is translated and nothing is spoken.
The checks look at the caller, the endpoint or Bedrock's model, the bucket, the voices, and what IAM would
allow. Where IAM cannot be asked, one tiny object (doctor/probe.json) is written, and the finding says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor.bucket import (
    PROBE,
    check_bucket,
    check_encrypted,
    check_private,
    check_same_region,
    check_writable,
)
from pipeline.engines.aws.doctor.case import Case, Result
from pipeline.engines.aws.doctor.checks import (
    check_clock,
    check_credentials,
    check_endpoint,
    check_region,
    check_voices,
)
from pipeline.engines.aws.doctor.deployment import (
    Stack,
    check_alarm_address,
    check_concurrency,
    check_token_limits,
)
from pipeline.engines.aws.doctor.model import check_model
from pipeline.engines.aws.doctor.permissions import check_permissions
from pipeline.engines.aws.doctor.regions import check_services
from pipeline.engines.aws.voices import Table
from pipeline.errors import StoriesError
from pipeline.types import Finding

__all__ = ["PATIENCE", "PROBE", "Stack", "examine", "examine_deployment"]

# Seconds of silence that are enough for these small answers, for Clients(timeouts=...).
_CALLED = ("sts", "sagemaker", "bedrock", "lambda", "s3", "polly", "iam")
PATIENCE: Mapping[str, float] = dict.fromkeys(_CALLED, 10.0)
# The checks in their order, and what to do where an error does not say it.
Checks = Mapping[str, tuple[Callable[[Case], Result], str]]
_CHECKS: Checks = {
    "region": (check_region, "set AWS_REGION"),
    "services": (check_services, "set AWS_REGION"),
    "credentials": (check_credentials, "try `aws sts get-caller-identity`"),
    "endpoint": (check_endpoint, "check STORIES_ENDPOINT: letters, digits and hyphens, 63 at most"),
    "model": (check_model, "check --model (STORIES_MODEL)"),
    "bucket": (check_bucket, "check STORIES_BUCKET"),
    "bucket private": (check_private, "look at the bucket's permissions in S3's console"),
    "bucket encrypted": (check_encrypted, "look at the bucket's properties in S3's console"),
    "bucket region": (check_same_region, "try `aws s3api head-bucket`"),
    "bucket writable": (check_writable, "try `aws s3 cp`"),
    "voices": (check_voices, "run it again in a while"),
    "permissions": (check_permissions, "allow iam:SimulatePrincipalPolicy and iam:GetRole, and run it again"),
    "clock": (check_clock, "compare this machine's clock with another"),
}
# A finding in one of these states ends the calls to a service ("*": to every service).
_STOPS: Mapping[str, tuple[str, tuple[bool | None, ...]]] = {
    "region": ("*", (False,)),
    "credentials": ("*", (False,)),
    "bucket": ("s3", (False, None)),
}
# Stories can be made while it is not known whether these are as they should be.
_NOT_NEEDED = {"bucket private", "bucket encrypted", "bucket region", "permissions", "clock"}
# Problems that leave open what was to be checked.
_UNSURE = {"access-denied", "throttled", "unavailable", "not-asked"}

_IDENTITY = re.compile(r"arn:[\w-]+:(?:iam|sts)::\d*:[\w+=,.@:/*-]+")
_KEY_ID = re.compile(r"\bA[KS]IA[A-Z0-9]{12,}")
# As a word or as a part of an ARN; a bucket's name may hold the number, and is needed whole.
_ACCOUNT_ID = re.compile(r"(?<=[: ])\d{8}(\d{4})(?=[: .,)]|$)")


def examine(
    clients: Clients,
    endpoint: str,
    bucket: str,
    table: Table,
    engine: str = "neural",
    model: str | None = None,
    guardrail: str = "",
    only: Collection[str] = (),
) -> Iterator[Finding]:
    """A finding for each check, in their order; errors become findings and are never raised.

    passed is None where it could not be checked, with the reason; todo is "" only where it passed. No finding
    holds a key, a person's name, or more of an account's number than its last four digits.
    endpoint, bucket: their names, "" where none is set. table: the voices in use, with Polly's `engine`.
    model, guardrail: of Bedrock, where that writes in the endpoint's place. only: the checks to make, all
    where empty. Bounded in time by the clients' timeouts: Clients(timeouts=PATIENCE) is some minutes at
    worst.
    """
    case = Case(clients, "" if model is not None else endpoint, bucket, table, engine, model, guardrail)
    other = "model" if model is None else "endpoint"
    names = [name for name in _CHECKS if name != other and (not only or name in only)]
    yield from _examined(case, {name: _CHECKS[name] for name in names})


def examine_deployment(clients: Clients, stack: Stack, table: Table) -> Iterator[Finding]:
    """What `stack` needs of the account before it is deployed: as examine(), but for the bucket, which it
    makes, and the caller's own permissions, as its functions have roles of their own."""
    writer = ("model",) if stack.bedrock else ("endpoint", "token limits")
    names = ("region", "services", "credentials", *writer, "voices", "concurrency", "alarm address", "clock")
    known = {**_CHECKS, **_of_stack(stack)}
    case = Case(clients, stack.endpoint, "", table, "neural", stack.bedrock or None)
    yield from _examined(case, {name: known[name] for name in names})


def _of_stack(stack: Stack) -> Checks:
    return {
        "token limits": (check_token_limits, "allow sagemaker:DescribeEndpointConfig and DescribeModel"),
        "concurrency": (partial(check_concurrency, stack), "allow lambda:GetAccountSettings"),
        "alarm address": (partial(check_alarm_address, stack), "set AlarmEmail"),
    }


def _examined(case: Case, checks: Checks) -> Iterator[Finding]:
    for name, (check, default_todo) in checks.items():
        finding = _finding(name, check, default_todo, case)
        service, states = _STOPS.get(name, ("", ()))
        if finding.passed in states:
            case.stopped.setdefault(service, f"it needs the {name}: mend the {name} first")
        yield finding


def _finding(name: str, check: Callable[[Case], Result], default_todo: str, case: Case) -> Finding:
    try:
        passed, summary, todo = check(case)
    except StoriesError as error:
        passed = None if error.problem in _UNSURE else False
        summary, todo = _split(str(error), default_todo)
    summary = summary if passed is not None else f"not checked: {summary}"
    todo = "" if passed else _masked(todo)
    return Finding(name, passed, _masked(summary), todo, needed=name not in _NOT_NEEDED)


def _masked(text: str) -> str:
    """AWS's own words name persons, accounts and keys."""
    return _ACCOUNT_ID.sub(r"…\1", _KEY_ID.sub("(a key)", _IDENTITY.sub("(this identity)", text)))


def _split(message: str, default_todo: str) -> tuple[str, str]:
    """What is wrong, what to do: our errors say both, with a colon between and AWS's words in brackets."""
    for colon in reversed([match.start() for match in re.finditer(": ", message)]):
        parts = message[:colon], message[colon + 2 :]
        if all(part.count("(") == part.count(")") for part in parts):
            return parts
    return message, default_todo
