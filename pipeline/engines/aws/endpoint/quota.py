"""How many instances of a type an account may have in its endpoints, and how many are in use."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.endpoint.prices import Prices
from pipeline.engines.aws.endpoint.status import list_endpoints
from pipeline.engines.aws.errors import mapped_errors
from pipeline.errors import ConfigError, StoriesError

_SERVICE = "sagemaker"
_USE = " for endpoint usage"
_QUOTAS = "Service Quotas"


@dataclass(frozen=True, slots=True)
class Quota:
    """allowed: None where it could not be looked up, and `because` says why. link: where to ask for more."""

    kind: str
    region: str
    allowed: int | None
    used: int
    link: str
    because: str = ""

    @property
    def summary(self) -> str:
        if self.allowed is None:
            return f"the quota of {self.kind} was not looked up ({self.because}); see {self.link}"
        return (
            f"{self.used} of {self.allowed} instances of {self.kind} are in use by endpoints in {self.region}"
        )

    def check(self, wanted: int = 1) -> None:
        """Raises ConfigError: too few are free. An unknown quota passes."""
        if self.allowed is None or self.used + wanted <= self.allowed:
            return
        raise ConfigError(
            f"the quota does not suffice: {self.summary}, and {wanted} more would be needed. "
            f"Ask for at least {self.used + wanted} at {self.link} (it takes minutes to days), delete an "
            "endpoint (`stories endpoints`), or choose another instance type or region",
            problem="quota",
        )


def quota_of(clients: Clients, kind: str, prices: Prices) -> Quota:
    """kind: an instance type. prices: holds the codes of the quotas. Raises StoriesError: SageMaker does not
    answer. Service Quotas may refuse, as a role may lack that permission."""
    used = sum(
        instances.count
        for endpoint in list_endpoints(clients)
        for instances in endpoint.instances
        if instances.kind == kind and endpoint.holds_instances
    )
    region = str(clients.get(_SERVICE).meta.region_name)
    try:
        with mapped_errors("service-quotas", _QUOTAS):
            quota = _find(clients.get("service-quotas"), kind, prices.quotas.get(kind, ""))
    except StoriesError as error:
        return Quota(kind, region, None, used, _link(region), str(error))
    if quota is None:
        return Quota(kind, region, None, used, _link(region), f"{region} has none of that name")
    return Quota(kind, region, int(quota["Value"]), used, _link(region, quota["QuotaCode"]))


def _find(client: Any, kind: str, code: str) -> dict[str, Any] | None:
    """By its code, if that still means what our table says; else by its name, among thousands: 20 pages."""
    if code:
        with suppress(client.exceptions.NoSuchResourceException):
            quota = client.get_service_quota(ServiceCode=_SERVICE, QuotaCode=code)["Quota"]
            if quota["QuotaName"] == kind + _USE:
                return dict(quota)
    pages = client.get_paginator("list_service_quotas").paginate(ServiceCode=_SERVICE)
    quotas = (quota for page in pages for quota in page["Quotas"])
    return next((dict(quota) for quota in quotas if quota["QuotaName"] == kind + _USE), None)


def _link(region: str, code: str = "") -> str:
    """The console's page of exactly this quota; without a code, of all of SageMaker's."""
    home = f"https://{region}.console.aws.amazon.com/servicequotas/home/services/{_SERVICE}/quotas"
    return f"{home}/{code}" if code else home
