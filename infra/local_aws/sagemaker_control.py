"""SageMaker's control plane: moto's, with endpoints that take time, fail on demand and have quotas."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping

from infra.local_aws.account import Account
from infra.local_aws.hub import describe_hub_content
from infra.local_aws.quotas import endpoint_quota
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError

# moto's operations; any other is one that the local AWS does not have.
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
_SUMMARY = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime")
# moto's error code, and the one that SageMaker's control plane has for it.
_CODES = {"ValidationError": "ValidationException"}


def call_moto(call: Call) -> Params:
    """moto's response, without the empty objects that the service leaves out. Raises ServiceError."""
    status, body = call.account.call_moto("sagemaker", call.operation, call.params)
    if status != 200:
        code = str(body.get("__type", "InternalFailure")).rpartition("#")[2]
        message = body.get("message") or body.get("Message", "")
        raise ServiceError(_CODES.get(code, code), message, {}, status)
    return {name: value for name, value in body.items() if value not in ({}, None)}


def create_endpoint(call: Call) -> Params:
    name, account = call.params["EndpointName"], call.account
    with account.lock:
        if _deleting(account, name) or account.describe_endpoint(name):
            arn = account.arn("sagemaker", f"endpoint/{name}")
            raise ServiceError("ValidationException", f'Cannot create already existing endpoint "{arn}".')
        wanted = _instances(call)
        _check_quotas(account, wanted)
        created = call_moto(call)
        account.instances[name] = wanted
        account.unready[name] = time.monotonic() + account.options.endpoint_delay
    return created


def describe_endpoint(call: Call) -> Params:
    name = call.params["EndpointName"]
    if described := _deleting(call.account, name):
        return {**described, "EndpointStatus": "Deleting"}
    return _with_status(call.account, call_moto(call))


def list_endpoints(call: Call) -> Params:
    """The filter by status is applied here, as moto's endpoints are all in service."""
    wanted = call.params.pop("StatusEquals", None)
    listed = call_moto(call)
    endpoints = [_with_status(call.account, endpoint) for endpoint in listed.get("Endpoints", [])]
    for name in tuple(call.account.deleting):
        if described := _deleting(call.account, name):
            endpoints.append({**{key: described[key] for key in _SUMMARY}, "EndpointStatus": "Deleting"})
    return {**listed, "Endpoints": [item for item in endpoints if wanted in (None, item["EndpointStatus"])]}


def delete_endpoint(call: Call) -> Params:
    name, account = call.params["EndpointName"], call.account
    with account.lock:
        described = account.describe_endpoint(name)
        if described and account.is_unready(name):
            raise ServiceError("ValidationException", f'Cannot update in-progress endpoint "{name}".')
        response = call_moto(call)
        if described:
            until = time.monotonic() + account.options.endpoint_delay * _DELETING
            account.deleting[name] = (described, until)
        account.unready.pop(name, None)
    return response


def _with_status(account: Account, endpoint: Params) -> Params:
    name = endpoint["EndpointName"]
    if account.is_unready(name):
        return {**endpoint, "EndpointStatus": "Creating"}
    reason = account.options.endpoint_failures.get(name)
    return {**endpoint, "EndpointStatus": "Failed", "FailureReason": reason} if reason else endpoint


def _deleting(account: Account, name: str) -> Params | None:
    """The endpoint as it was described, as long as it is Deleting; then its instances are free again."""
    described, until = account.deleting.get(name, (None, 0.0))
    if time.monotonic() < until:
        return described
    if account.deleting.pop(name, None):
        account.instances.pop(name, None)
    return None


def _instances(call: Call) -> Counter[str]:
    """Instances by type in the endpoint's configuration; one that does not exist is refused by moto."""
    params = {"EndpointConfigName": call.params["EndpointConfigName"]}
    _, config = call.account.call_moto("sagemaker", "DescribeEndpointConfig", params)
    count: Counter[str] = Counter()
    for variant in config.get("ProductionVariants", []):
        if "InstanceType" in variant:
            count[variant["InstanceType"]] += variant.get("InitialInstanceCount", 1)
    return count


def _check_quotas(account: Account, wanted: Mapping[str, int]) -> None:
    for name in tuple(account.deleting):
        _deleting(account, name)
    for kind, count in wanted.items():
        used = sum(instances[kind] for instances in account.instances.values())
        quota = endpoint_quota(account, kind)
        if used + count > quota:
            raise ServiceError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{kind} for endpoint usage' is {quota} Instances, with "
                f"current utilization of {used} Instances and a request delta of {count} Instances. "
                "Please use AWS Service Quotas to request an increase for this quota. If AWS Service "
                "Quotas is not available, contact AWS support to request an increase for this quota.",
            )


_OWN = {
    "CreateEndpoint": create_endpoint,
    "DescribeEndpoint": describe_endpoint,
    "ListEndpoints": list_endpoints,
    "DeleteEndpoint": delete_endpoint,
    "DescribeHubContent": describe_hub_content,
}

SERVICE = Service(
    id="sagemaker",
    handlers=dict.fromkeys(_MOTO, call_moto) | _OWN,
    refusals={
        "throttle": ServiceError("ThrottlingException", "Rate exceeded"),
        "error500": ServiceError("InternalFailure", "An internal failure occurred"),
        "error503": ServiceError("ServiceUnavailableException", "The service is unavailable"),
    },
)
