"""What `stories doctor --profile aws` looks at: one finding after another, as each is known.

Nothing that is billed by use is called: no story is written, nothing is translated and nothing is spoken.
What is asked is who is calling, how the endpoint and the bucket are, which voices there are, and what IAM
would allow. Where IAM cannot be asked, one tiny object (doctor/probe.json) is written, and that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.doctor.bucket import (
    PROBE,
    check_bucket,
    check_encrypted,
    check_private,
    check_same_region,
    check_writable,
)
from pipeline.engines.aws.doctor.caller import check_credentials, check_region
from pipeline.engines.aws.doctor.case import Case, Result
from pipeline.engines.aws.doctor.clock import check_clock
from pipeline.engines.aws.doctor.endpoint import check_endpoint
from pipeline.engines.aws.doctor.permissions import PREFIXES, check_permissions
from pipeline.engines.aws.doctor.voices import check_voices
from pipeline.engines.aws.doctor.wording import masked, parted
from pipeline.engines.aws.voices import Table
from pipeline.errors import StoriesError
from pipeline.types import Finding

__all__ = ["PATIENCE", "PREFIXES", "PROBE", "examine"]

# Seconds of silence that are enough for these small answers, for Clients(timeouts=...).
PATIENCE: Mapping[str, float] = dict.fromkeys(("sts", "sagemaker", "s3", "polly", "iam"), 10.0)
# The checks in their order, and what to do where an error does not say it.
_CHECKS: Mapping[str, tuple[Callable[[Case], Result], str]] = {
    "region": (check_region, "set AWS_REGION"),
    "credentials": (check_credentials, "try `aws sts get-caller-identity`"),
    "endpoint": (check_endpoint, "check STORIES_ENDPOINT: letters, digits and hyphens, 63 at most"),
    "bucket": (check_bucket, "check STORIES_BUCKET"),
    "bucket private": (check_private, "look at the bucket's permissions in S3's console"),
    "bucket encrypted": (check_encrypted, "look at the bucket's properties in S3's console"),
    "bucket region": (check_same_region, "try `aws s3api head-bucket`"),
    "bucket writable": (check_writable, "try `aws s3 cp`"),
    "voices": (check_voices, "run it again in a while"),
    "permissions": (check_permissions, "allow iam:SimulatePrincipalPolicy and iam:GetRole, and run it again"),
    "clock": (check_clock, "compare this machine's clock with another"),
}
# After which finding, in which states, a service ("*": any) is asked no more.
_STOPS: Mapping[str, tuple[str, tuple[bool | None, ...]]] = {
    "region": ("*", (False,)),
    "credentials": ("*", (False,)),
    "bucket": ("s3", (False, None)),
}
# Problems that say nothing of what was to be checked.
_UNSURE = {"access-denied", "throttled", "unavailable", "not-asked"}


def examine(
    clients: Clients, endpoint: str, bucket: str, table: Table, engine: str = "neural"
) -> Iterator[Finding]:
    """A finding for each check, in their order; what a check meets is told and never raised.

    passed is None where it could not be checked, with the reason; todo is "" only where it passed. Nothing
    tells a key, a person's name, or more of an account's number than its last four digits.
    endpoint, bucket: their names, "" where none is set. table: the voices that are spoken with, by Polly's
    `engine`. Bounded in time by the clients' timeouts: Clients(timeouts=PATIENCE) is some minutes at worst.
    """
    case = Case(clients, endpoint, bucket, table, engine)
    for name, (check, otherwise) in _CHECKS.items():
        finding = _found(name, check, otherwise, case)
        service, states = _STOPS.get(name, ("", ()))
        if finding.passed in states:
            case.stopped.setdefault(service, f"it needs the {name}: mend the {name} first")
        yield finding


def _found(name: str, check: Callable[[Case], Result], otherwise: str, case: Case) -> Finding:
    try:
        passed, told, todo = check(case)
    except StoriesError as error:
        passed = None if error.problem in _UNSURE else False
        told, todo = parted(str(error), otherwise)
    told = told if passed is not None else f"not checked: {told}"
    return Finding(name, passed, masked(told), "" if passed else masked(todo))
