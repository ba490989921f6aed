"""In which region, and who asks."""

from __future__ import annotations

import re

from pipeline.engines.aws.doctor.case import Caller, Case, Result, unsure
from pipeline.errors import ConfigError

_ARN = re.compile(r"arn:([\w-]+):\w+::(\d{12}):([\w-]+)(?:/(.+))?")


def check_region(case: Case) -> Result:
    try:
        case.region = str(case.clients.get("sts").meta.region_name)
    except ModuleNotFoundError as error:
        return False, f"the package {error.name} is not installed", "run `make setup`"
    except ConfigError as error:
        if error.problem == "no-region":
            raise
        raise unsure(str(error)) from error  # a profile that is not there is the next check's finding
    return True, case.region, ""


def check_credentials(case: Case) -> Result:
    told = str(case.ask("sts", "get_caller_identity", "AWS STS", wanted="Arn")["Arn"])
    case.caller = identified(told)
    if case.caller is None:
        raise unsure("AWS STS told an identity that is no ARN: check any AWS_ENDPOINT_URL")
    return True, f"{case.caller}, of the account …{case.caller.account[-4:]}", ""


def identified(arn: str) -> Caller | None:
    """None: that is no ARN of a caller."""
    parts = _ARN.fullmatch(arn)
    return Caller(arn, *parts.groups("")) if parts else None
