"""SageMaker's control plane: moto's, with today's instance types, endpoints that take time, and quotas."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from infra.local_aws.account import Account
from infra.local_aws.options import Options
from infra.local_aws.quotas import endpoint_quota
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError

# What moto does; a name that is not here is an operation that the local AWS does not have.
_MOTO = (
    "CreateModel DescribeModel ListModels DeleteModel CreateEndpointConfig DescribeEndpointConfig "
    "ListEndpointConfigs DeleteEndpointConfig CreateEndpoint DescribeEndpoint ListEndpoints DeleteEndpoint "
    "UpdateEndpointWeightsAndCapacities AddTags ListTags DeleteTags Search DescribeDomain ListDomains "
    "CreateModelPackageGroup DescribeModelPackageGroup ListModelPackageGroups CreateModelPackage "
    "DescribeModelPackage ListModelPackages CreateTransformJob DescribeTransformJob ListTransformJobs "
    "CreateProcessingJob DescribeProcessingJob ListProcessingJobs DescribeNotebookInstance "
    "ListNotebookInstances"
).split()
_DELETING = 0.1  # of the time that an endpoint takes to be created


@dataclass(frozen=True)
class _Leaving:
    """An endpoint that moto no longer has: as it was described, and until when it is told of."""

    described: Params
    until: float


@dataclass
class SageMaker:
    """used: instances by type, of each endpoint."""

    options: Options
    used: dict[str, Counter[str]] = field(default_factory=dict)
    leaving: dict[str, _Leaving] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _patched: bool = False

    @property
    def service(self) -> Service:
        own = {
            "CreateEndpointConfig": self.create_endpoint_config,
            "CreateEndpoint": self.create_endpoint,
            "DescribeEndpoint": self.describe_endpoint,
            "ListEndpoints": self.list_endpoints,
            "DeleteEndpoint": self.delete_endpoint,
        }
        return Service(
            id="sagemaker",
            handlers={name: own.get(name, ask) for name in _MOTO},
            refusals={
                "throttle": ServiceError("ThrottlingException", "Rate exceeded"),
                "error500": ServiceError("InternalFailure", "An internal failure occurred"),
                "error503": ServiceError("ServiceUnavailableException", "The service is unavailable"),
            },
        )

    def create_endpoint_config(self, call: Call) -> Params:
        """Instance types were checked against botocore's model; moto's own list is years old."""
        with self._lock:
            if not self._patched:
                from moto.sagemaker.models import FakeEndpointConfig

                accepting = patch.object(FakeEndpointConfig, "validate_instance_type", lambda *_: None)
                self.options.ending.enter_context(accepting)
                self._patched = True
        return ask(call)

    def create_endpoint(self, call: Call) -> Params:
        name = call.params["EndpointName"]
        with self._lock:
            if self._leaving(name) or _described(call.account, name):
                arn = f"arn:aws:sagemaker:{call.account.region}:{call.account.id}:endpoint/{name}"
                told = f'Cannot create already existing endpoint "{arn}".'
                raise ServiceError("ValidationException", told)
            wanted = _instances(call)
            self._check_quotas(wanted)
            made = ask(call)
            self.used[name] = wanted
            call.account.unready[name] = time.monotonic() + self.options.endpoint_delay
        return made

    def describe_endpoint(self, call: Call) -> Params:
        name = call.params["EndpointName"]
        if left := self._leaving(name):
            return {**left.described, "EndpointStatus": "Deleting"}
        return self._with_status(call.account, name, ask(call))

    def list_endpoints(self, call: Call) -> Params:
        """A filter by status is done here: moto takes each endpoint for one in service."""
        wanted = call.params.pop("StatusEquals", None)
        told = ask(call)
        going = [self._leaving(name) for name in tuple(self.leaving)]
        listed = [
            self._with_status(call.account, one["EndpointName"], one) for one in told.get("Endpoints", [])
        ]
        listed += [{**_summary(one.described), "EndpointStatus": "Deleting"} for one in going if one]
        return {**told, "Endpoints": [one for one in listed if wanted in (None, one["EndpointStatus"])]}

    def delete_endpoint(self, call: Call) -> Params:
        name = call.params["EndpointName"]
        with self._lock:
            described = _described(call.account, name)
            if described and call.account.is_unready(name):
                raise ServiceError("ValidationException", f'Cannot update in-progress endpoint "{name}".')
            answer = ask(call)
            if described:
                until = time.monotonic() + self.options.endpoint_delay * _DELETING
                self.leaving[name] = _Leaving(described, until)
            call.account.unready.pop(name, None)
        return answer

    def _with_status(self, account: Account, name: str, told: Params) -> Params:
        if account.is_unready(name):
            return {**told, "EndpointStatus": "Creating"}
        reason = self.options.endpoint_failures.get(name)
        return {**told, "EndpointStatus": "Failed", "FailureReason": reason} if reason else told

    def _leaving(self, name: str) -> _Leaving | None:
        left = self.leaving.get(name)
        if left is None or time.monotonic() < left.until:
            return left
        self.leaving.pop(name, None)
        self.used.pop(name, None)
        return None

    def _check_quotas(self, wanted: Mapping[str, int]) -> None:
        for name in tuple(self.leaving):
            self._leaving(name)
        for kind, count in wanted.items():
            used = sum(one[kind] for one in self.used.values())
            most = endpoint_quota(self.options, kind)
            if used + count > most:
                raise ServiceError(
                    "ResourceLimitExceeded",
                    f"The account-level service limit '{kind} for endpoint usage' is {most} Instances, with "
                    f"current utilization of {used} Instances and a request delta of {count} Instances. "
                    "Please use AWS Service Quotas to request an increase for this quota. If AWS Service "
                    "Quotas is not available, contact AWS support to request an increase for this quota.",
                )


def ask(call: Call) -> Params:
    """moto's answer, without the empty objects that the service leaves out."""
    status, told = call.account.ask("sagemaker", call.operation, call.params)
    if status != 200:
        code = str(told.get("__type", "InternalFailure")).rpartition("#")[2]
        raise ServiceError(_CODES.get(code, code), told.get("message") or told.get("Message", ""), {}, status)
    return {name: value for name, value in told.items() if value not in ({}, None)}


# moto's name of the error that SageMaker's control plane calls so.
_CODES = {"ValidationError": "ValidationException"}


def _described(account: Account, name: str) -> Params | None:
    status, told = account.ask("sagemaker", "DescribeEndpoint", {"EndpointName": name})
    return {key: value for key, value in told.items() if value != {}} if status == 200 else None


def _summary(described: Params) -> Params:
    kept = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime")
    return {name: described[name] for name in kept}


def _instances(call: Call) -> Counter[str]:
    """What its configuration wants; a configuration that is not there is moto's to refuse."""
    name = call.params["EndpointConfigName"]
    _, told = call.account.ask("sagemaker", "DescribeEndpointConfig", {"EndpointConfigName": name})
    found: Counter[str] = Counter()
    variants: list[dict[str, Any]] = told.get("ProductionVariants", [])
    for variant in variants:
        if "InstanceType" in variant:
            found[variant["InstanceType"]] += variant.get("InitialInstanceCount", 1)
    return found
