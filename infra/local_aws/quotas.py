"""Service Quotas, of SageMaker's endpoints: how many instances of a type an account may have in service."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from zlib import crc32

from infra.local_aws.account import Account
from infra.local_aws.options import Options
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError, Wire

# AWS gives a new account 0 of most GPU types; a local one may begin at once.
DEFAULT = 2
_SERVICE = "sagemaker"
_USE = " for endpoint usage"
# The service's own codes, as public listings of quotas have them; the others are made up, by name.
_CODES = {
    "ml.g5.xlarge": "L-1928E07B",
    "ml.g5.2xlarge": "L-9614C779",
    "ml.g5.4xlarge": "L-C1B9A48D",
    "ml.g5.12xlarge": "L-65C4BD00",
    "ml.g6.xlarge": "L-D470D954",
}
_PAGE = 100


def endpoint_quota(options: Options, kind: str) -> int:
    """kind: an instance type."""
    return options.quotas.get(kind, DEFAULT)


def code_of(kind: str) -> str:
    return _CODES.get(kind) or f"L-{crc32(kind.encode()):08X}"


@cache
def _kinds() -> dict[str, str]:
    """Every instance type that an endpoint may have, by its quota's code."""
    shape = Wire.of(_SERVICE).model.shape_for("ProductionVariantInstanceType")
    return {code_of(kind): kind for kind in sorted(shape.enum)}


@dataclass
class Quotas:
    options: Options

    @property
    def service(self) -> Service:
        return Service(
            id="service-quotas",
            handlers={
                "ListServiceQuotas": self.list_service_quotas,
                "GetServiceQuota": self.get_service_quota,
                "GetAWSDefaultServiceQuota": self.get_aws_default_service_quota,
                "RequestServiceQuotaIncrease": self.request_service_quota_increase,
            },
            refusals={
                "throttle": ServiceError("TooManyRequestsException", "Rate exceeded"),
                "error500": ServiceError("ServiceException", "Something went wrong."),
                "error503": ServiceError("ServiceUnavailableException", "The service is unavailable"),
            },
            invalid="IllegalArgumentException",
        )

    def list_service_quotas(self, call: Call) -> Params:
        _check_service(call)
        token = call.params.get("NextToken", "0")
        start, size = int(token) if token.isdecimal() else -1, call.params.get("MaxResults") or _PAGE
        wanted = call.params.get("QuotaCode")
        kinds = [kind for code, kind in _kinds().items() if wanted in (None, code)]
        if not 0 <= start <= len(kinds):
            raise ServiceError("InvalidPaginationTokenException", "Invalid pagination token")
        page = [_quota(call.account, kind, self._value(kind)) for kind in kinds[start : start + size]]
        more: Params = {"NextToken": str(start + size)} if start + size < len(kinds) else {}
        return {"Quotas": page, **more}

    def get_service_quota(self, call: Call) -> Params:
        kind = _kind(call)
        return {"Quota": _quota(call.account, kind, self._value(kind))}

    def get_aws_default_service_quota(self, call: Call) -> Params:
        return {"Quota": _quota(call.account, _kind(call), DEFAULT)}

    def request_service_quota_increase(self, call: Call) -> Params:
        """Granted at once, where AWS takes minutes or days."""
        kind, wanted = _kind(call), call.params["DesiredValue"]
        if wanted <= self._value(kind):
            raise ServiceError(
                "IllegalArgumentException", "You must provide a quota value greater than the current one."
            )
        self.options.quotas[kind] = int(wanted)
        quota = _quota(call.account, kind, wanted)
        kept = ("ServiceCode", "ServiceName", "QuotaCode", "QuotaName", "QuotaArn", "GlobalQuota", "Unit")
        told = {
            "Id": uuid.uuid4().hex,
            "DesiredValue": float(wanted),
            "Status": "APPROVED",
            "Created": datetime.now(UTC),
        }
        return {"RequestedQuota": {**{name: quota[name] for name in kept}, **told}}

    def _value(self, kind: str) -> int:
        return endpoint_quota(self.options, kind)


def _quota(account: Account, kind: str, value: float) -> Params:
    code = code_of(kind)
    return {
        "ServiceCode": _SERVICE,
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"arn:aws:servicequotas:{account.region}:{account.id}:{_SERVICE}/{code}",
        "QuotaCode": code,
        "QuotaName": f"{kind}{_USE}",
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _kind(call: Call) -> str:
    _check_service(call)
    kind = _kinds().get(call.params["QuotaCode"])
    if kind is None:
        raise ServiceError("NoSuchResourceException", "The request failed because the quota does not exist.")
    return kind


def _check_service(call: Call) -> None:
    if call.params["ServiceCode"] != _SERVICE:
        raise ServiceError("NoSuchResourceException", "The local AWS has the quotas of sagemaker alone.")
