"""Service Quotas of SageMaker's endpoints: how many instances of a type an account may have in service."""

from __future__ import annotations

from functools import cache
from zlib import crc32

from infra.local_aws.account import Account
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError, Wire

# AWS gives a new account 0 of most GPU types; the local one may begin at once.
DEFAULT = 2
_SERVICE = "sagemaker"
# The service's own codes, as public listings of quotas have them; the others are made up, from the name.
_CODES = {
    "ml.g5.xlarge": "L-1928E07B",
    "ml.g5.2xlarge": "L-9614C779",
    "ml.g5.4xlarge": "L-C1B9A48D",
    "ml.g5.12xlarge": "L-65C4BD00",
    "ml.g6.xlarge": "L-D470D954",
}
_PAGE = 100


def endpoint_quota(account: Account, kind: str) -> int:
    """kind: an instance type."""
    return account.options.quotas.get(kind, DEFAULT)


@cache
def _kinds() -> dict[str, str]:
    """Every instance type that an endpoint may have, by its quota's code."""
    kinds = sorted(Wire.of(_SERVICE).model.shape_for("ProductionVariantInstanceType").enum)
    return {_CODES.get(kind) or f"L-{crc32(kind.encode()):08X}": kind for kind in kinds}


def list_service_quotas(call: Call) -> Params:
    _check_service(call)
    token, size = call.params.get("NextToken", "0"), call.params.get("MaxResults") or _PAGE
    quotas = [_quota(call.account, code) for code in _kinds()]
    if not token.isdecimal() or (start := int(token)) > len(quotas):
        raise ServiceError("InvalidPaginationTokenException", "Invalid pagination token")
    more: Params = {"NextToken": str(start + size)} if start + size < len(quotas) else {}
    return {"Quotas": quotas[start : start + size], **more}


def get_service_quota(call: Call) -> Params:
    _check_service(call)
    code = call.params["QuotaCode"]
    if code not in _kinds():
        raise ServiceError("NoSuchResourceException", "The request failed because the quota does not exist.")
    return {"Quota": _quota(call.account, code)}


def _quota(account: Account, code: str) -> Params:
    kind = _kinds()[code]
    return {
        "ServiceCode": _SERVICE,
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": account.arn("servicequotas", f"{_SERVICE}/{code}"),
        "QuotaCode": code,
        "QuotaName": f"{kind} for endpoint usage",
        "Value": float(endpoint_quota(account, kind)),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _check_service(call: Call) -> None:
    if call.params["ServiceCode"] != _SERVICE:
        raise ServiceError("NoSuchResourceException", "The local AWS has the quotas of sagemaker only.")


SERVICE = Service(
    id="service-quotas",
    handlers={"ListServiceQuotas": list_service_quotas, "GetServiceQuota": get_service_quota},
    refusals={
        "throttle": ServiceError("TooManyRequestsException", "Rate exceeded"),
        "error500": ServiceError("ServiceException", "Something went wrong."),
        "error503": ServiceError("ServiceUnavailableException", "The service is unavailable"),
    },
    invalid="IllegalArgumentException",
)
