"""The checks of everything but the bucket and IAM: region, credentials, endpoint, voices, clock."""

from __future__ import annotations

import re

from pipeline.engines.aws.doctor.case import Caller, Case, Result, unsure
from pipeline.engines.aws.endpoint.status import NOTEBOOK, state_of
from pipeline.engines.aws.parameters import resolve
from pipeline.engines.aws.voices import refresh
from pipeline.errors import ConfigError

_ARN = re.compile(r"arn:([\w-]+):\w+::(\d{12}):([\w-]+)(?:/(.+))?")
_MAX_NAMES = 8
# IAM user guide, "Elements of an AWS API request signature": a request's time may be off by five minutes.
_MAX_SKEW_S = 300


def check_region(case: Case) -> Result:
    try:
        case.region = str(case.clients.get("sts").meta.region_name)
    except ModuleNotFoundError as error:
        return False, f"the package {error.name} is not installed", "run `make setup`"
    except ConfigError as error:
        if error.problem == "no-region":
            raise
        raise unsure(str(error)) from error  # an unknown profile is what the next check reports
    return True, case.region, ""


def check_credentials(case: Case) -> Result:
    arn = str(case.call("sts", "get_caller_identity", "AWS STS", wanted="Arn")["Arn"])
    case.caller = parse_arn(arn)
    if case.caller is None:
        raise unsure("AWS STS answered with an identity that is no ARN: check any AWS_ENDPOINT_URL")
    return True, f"{case.caller}, of the account …{case.caller.account[-4:]}", ""


def parse_arn(arn: str) -> Caller | None:
    """None where it is no ARN of a caller."""
    parts = _ARN.fullmatch(arn)
    return Caller(arn, *parts.groups("")) if parts else None


def check_endpoint(case: Case) -> Result:
    if not case.endpoint:
        return False, "no endpoint is set", f"set STORIES_ENDPOINT, or deploy one with {NOTEBOOK}"
    name = case.endpoint = resolve(case.clients_for("ssm"), case.endpoint)
    what = f"the SageMaker endpoint {name}"
    described = case.call("sagemaker", "describe_endpoint", what, "EndpointStatus", EndpointName=name)
    state = state_of(described)
    return state.serves, f"{name} {state.summary}", state.todo


def check_voices(case: Case) -> Result:
    current = refresh(case.clients_for("polly"), case.engine, case.table).table
    wanted = {voice.id for voice in case.table.voices if case.engine in voice.engines}
    wanted |= set(case.table.locales.values())
    available = {voice.id for voice in current.voices if case.engine in voice.engines}
    if missing := sorted(wanted - available):
        more = len(missing) - _MAX_NAMES
        return (
            False,
            f"Polly has no {case.engine} {', '.join(missing[:_MAX_NAMES])}"
            f"{f' and {more} more' if more > 0 else ''} in {case.region}",
            "run `stories voices refresh`, or set AWS_REGION to one that has them",
        )
    return True, f"all {len(wanted)} of the table have the {case.engine} engine", ""


def check_clock(case: Case) -> Result:
    if case.skew_s is None:
        raise unsure("no answer of AWS gave the time")
    if abs(case.skew_s) <= _MAX_SKEW_S:
        return True, f"within {max(1, round(abs(case.skew_s)))} s of AWS's", ""
    direction = "ahead of" if case.skew_s > 0 else "behind"
    return (
        False,
        f"this machine's clock is {abs(case.skew_s) / 60:.0f} minutes {direction} AWS's, which refuses "
        "signatures",
        "set this machine's clock, best by a time server (NTP)",
    )
