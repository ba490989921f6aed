"""SageMaker's control plane, Service Quotas and IAM's policy simulation."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
G5 = "ml.g5.2xlarge"


@pytest.fixture
def sagemaker(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """With quotas of this test's own, and what it makes taken away."""
    monkeypatch.setattr(aws.options, "quotas", {})
    monkeypatch.setattr(aws.options, "endpoint_delay", 0.5)
    with aws.client("sagemaker") as client:
        yield client
        for endpoint in client.list_endpoints()["Endpoints"]:
            if endpoint["EndpointName"].startswith("test-") and endpoint["EndpointStatus"] != "Deleting":
                delete(client, endpoint["EndpointName"])
        until_gone(client)


def until(true: Callable[[], bool], seconds: float = 5) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it does not come about"
        time.sleep(0.02)


def until_gone(client: Any) -> None:
    def gone() -> bool:
        endpoints = client.list_endpoints(NameContains="test-")["Endpoints"]
        return not any(one["EndpointName"].startswith("test-") for one in endpoints)

    until(gone)


def delete(sagemaker: Any, name: str) -> None:
    """As soon as it may be."""
    until(lambda: status(sagemaker, name) != "Creating")
    sagemaker.delete_endpoint(EndpointName=name)


def create(sagemaker: Any, name: str, kind: str = G5, count: int = 1) -> None:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": kind,
        "InitialInstanceCount": count,
    }
    image = {"Image": "local.invalid/tgi:1"}
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=image)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def status(sagemaker: Any, name: str) -> str:
    told: str = sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
    return told


def unique() -> str:
    return f"test-{time.monotonic_ns()}"


def test_an_endpoint_is_creating_and_then_in_service(sagemaker: Any) -> None:
    name = unique()
    create(sagemaker, name)
    assert status(sagemaker, name) == "Creating"
    assert [
        one["EndpointName"] for one in sagemaker.list_endpoints(StatusEquals="Creating")["Endpoints"]
    ] == [name]
    until(lambda: status(sagemaker, name) == "InService")


def test_the_models_configuration_keeps_its_instance_type(sagemaker: Any) -> None:
    name = unique()
    create(sagemaker, name)
    told = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert told["ProductionVariants"][0]["InstanceType"] == G5


def test_an_endpoint_that_is_still_creating_cannot_be_invoked(sagemaker: Any, aws: LocalAws) -> None:
    name = unique()
    create(sagemaker, name)
    body = json.dumps({"inputs": "A story.", "parameters": {"max_new_tokens": 20}})
    with aws.client("sagemaker-runtime") as runtime:
        with pytest.raises(ClientError, match="not found") as error:
            runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="application/json")
        assert error.value.response["Error"]["Code"] == "ValidationError"
        until(lambda: status(sagemaker, name) == "InService")
        told = runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="application/json")
        assert "generated_text" in json.loads(told["Body"].read())[0]


def test_an_endpoint_that_is_still_creating_cannot_be_deleted(sagemaker: Any) -> None:
    name = unique()
    create(sagemaker, name)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        sagemaker.delete_endpoint(EndpointName=name)


def test_an_endpoint_fails_where_the_options_say_why(sagemaker: Any, aws: LocalAws) -> None:
    name = unique()
    aws.options.endpoint_failures[name] = "Unable to provision requested ML compute capacity."
    create(sagemaker, name)
    until(lambda: status(sagemaker, name) == "Failed")
    assert "capacity" in sagemaker.describe_endpoint(EndpointName=name)["FailureReason"]
    listed = sagemaker.list_endpoints(StatusEquals="Failed")["Endpoints"]
    assert [one["EndpointName"] for one in listed] == [name]


def test_a_deleted_endpoint_is_deleting_and_then_gone(sagemaker: Any, aws: LocalAws) -> None:
    name = unique()
    create(sagemaker, name)
    aws.options.endpoint_delay = 5
    delete(sagemaker, name)
    assert status(sagemaker, name) == "Deleting"
    with pytest.raises(ClientError, match="already existing"):
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def gone() -> bool:
        try:
            return status(sagemaker, name) == ""
        except ClientError as error:
            told = error.response["Error"]
            return told["Code"] == "ValidationException" and "Could not find endpoint" in told["Message"]

    until(gone)


def test_an_endpoint_over_the_quota_is_refused_in_the_services_words(sagemaker: Any, aws: LocalAws) -> None:
    aws.options.quotas[G5] = 0
    with pytest.raises(ClientError) as error:
        create(sagemaker, unique())
    told = error.value.response["Error"]
    assert told["Code"] == "ResourceLimitExceeded"
    assert told["Message"].startswith(
        "The account-level service limit 'ml.g5.2xlarge for endpoint usage' is 0 Instances, with current "
        "utilization of 0 Instances and a request delta of 1 Instances."
    )


def test_instances_in_use_count_until_their_endpoint_is_gone(sagemaker: Any, aws: LocalAws) -> None:
    aws.options.quotas[G5] = 2
    first = unique()
    create(sagemaker, first)
    with pytest.raises(ClientError, match="current utilization of 1 Instances and a request delta of 2"):
        create(sagemaker, unique(), count=2)
    create(sagemaker, unique(), count=1)
    with pytest.raises(ClientError, match="current utilization of 2 Instances"):
        create(sagemaker, unique())
    delete(sagemaker, first)
    time.sleep(0.1)
    create(sagemaker, unique())


def test_an_instance_type_that_no_region_has_is_refused(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="enum value set") as error:
        create(sagemaker, unique(), kind="ml.huge.1xlarge")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_missing_endpoint_is_a_validation_exception(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="Could not find endpoint") as error:
        sagemaker.describe_endpoint(EndpointName="nobody")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_quotas_are_listed_in_pages_and_told_by_their_code(sagemaker: Any, aws: LocalAws) -> None:
    aws.options.quotas[G5] = 7
    with aws.client("service-quotas") as quotas:
        pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        listed = {one["QuotaName"]: one for page in pages for one in page["Quotas"]}
        found = listed["ml.g5.2xlarge for endpoint usage"]
        assert (found["Value"], found["QuotaCode"], found["Adjustable"]) == (7.0, "L-9614C779", True)
        one = quotas.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-9614C779")["Quota"]
        assert one == found
        with pytest.raises(ClientError) as error:
            quotas.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-00000000")
    assert error.value.response["Error"]["Code"] == "NoSuchResourceException"
    assert len(listed) > 100


def test_an_increase_that_was_asked_for_lets_the_endpoint_be(sagemaker: Any, aws: LocalAws) -> None:
    aws.options.quotas[G5] = 0
    with aws.client("service-quotas") as quotas:
        told = quotas.request_service_quota_increase(
            ServiceCode="sagemaker", QuotaCode="L-9614C779", DesiredValue=1
        )
    assert told["RequestedQuota"]["Status"] == "APPROVED"
    create(sagemaker, unique())


def test_policies_are_simulated_and_deny_what_the_options_name(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.options, "denied", {"polly:SynthesizeSpeech"})
    with aws.client("iam") as iam:
        told = iam.simulate_principal_policy(
            PolicySourceArn=ROLE, ActionNames=["sagemaker:InvokeEndpoint", "polly:SynthesizeSpeech"]
        )
    assert [(one["EvalActionName"], one["EvalDecision"]) for one in told["EvaluationResults"]] == [
        ("sagemaker:InvokeEndpoint", "allowed"),
        ("polly:SynthesizeSpeech", "implicitDeny"),
    ]
    assert aws.requests("SimulatePrincipalPolicy") == 1


def test_the_rest_of_iam_is_motos(aws: LocalAws) -> None:
    name = unique()
    with aws.client("iam") as iam:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
        assert iam.get_role(RoleName=name)["Role"]["Arn"].endswith(f"role/{name}")
        with pytest.raises(ClientError) as error:
            iam.get_role(RoleName="nobody")
    assert error.value.response["Error"]["Code"] == "NoSuchEntity"
