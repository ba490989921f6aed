"""SageMaker's control plane, Service Quotas and IAM's policy simulation. Endpoint states are stepped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
G5, NAME = "ml.g5.2xlarge", "test-endpoint"


class Endpoints:
    """The control plane's client, and endpoints that stay Creating until `advance`."""

    def __init__(self, client: Any, aws: LocalAws) -> None:
        self.client, self.advance = client, aws.advance_endpoints

    def create(self, name: str = NAME, kind: str = G5, count: int = 1) -> None:
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": kind}
        variants = [{**variant, "InitialInstanceCount": count}]
        image = {"Image": "local.invalid/tgi:1"}
        self.client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=image)
        try:
            self.client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
            self.client.create_endpoint(EndpointName=name, EndpointConfigName=name)
        except ClientError:
            self.client.delete_model(ModelName=name)
            raise

    def status(self, name: str = NAME) -> str:
        return str(self.client.describe_endpoint(EndpointName=name)["EndpointStatus"])

    def listed(self, status: str) -> list[str]:
        pages = self.client.list_endpoints(StatusEquals=status, NameContains="test-")["Endpoints"]
        return [endpoint["EndpointName"] for endpoint in pages]


@pytest.fixture
def endpoints(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoints]:
    for option, value in (("endpoint_delay", 3600.0), ("quotas", {}), ("endpoint_failures", {})):
        monkeypatch.setattr(aws.options, option, value)
    with aws.client("sagemaker") as client:
        endpoints = Endpoints(client, aws)
        yield endpoints
        endpoints.advance()
        for endpoint in client.list_endpoints(NameContains="test-")["Endpoints"]:
            name = endpoint["EndpointName"]
            client.delete_endpoint(EndpointName=name)
            client.delete_endpoint_config(EndpointConfigName=name)
            client.delete_model(ModelName=name)
        endpoints.advance()


def test_an_endpoint_is_creating_and_then_in_service(endpoints: Endpoints) -> None:
    endpoints.create()
    assert (endpoints.status(), endpoints.listed("Creating")) == ("Creating", [NAME])
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        endpoints.client.delete_endpoint(EndpointName=NAME)
    endpoints.advance()
    assert (endpoints.status(), endpoints.listed("InService")) == ("InService", [NAME])
    config = endpoints.client.describe_endpoint_config(EndpointConfigName=NAME)
    assert config["ProductionVariants"][0]["InstanceType"] == G5


def test_an_endpoint_that_is_creating_cannot_be_invoked(endpoints: Endpoints, aws: LocalAws) -> None:
    endpoints.create()
    body = json.dumps({"inputs": "A story.", "parameters": {"max_new_tokens": 20}})
    with aws.client("sagemaker-runtime") as runtime:
        with pytest.raises(ClientError, match="not found") as error:
            runtime.invoke_endpoint(EndpointName=NAME, Body=body, ContentType="application/json")
        assert error.value.response["Error"]["Code"] == "ValidationError"
        endpoints.advance()
        response = runtime.invoke_endpoint(EndpointName=NAME, Body=body, ContentType="application/json")
        assert "generated_text" in json.loads(response["Body"].read())[0]


def test_an_endpoint_fails_for_the_reason_in_the_options(endpoints: Endpoints, aws: LocalAws) -> None:
    aws.options.endpoint_failures[NAME] = "Unable to provision requested ML compute capacity."
    endpoints.create()
    endpoints.advance()
    assert "capacity" in endpoints.client.describe_endpoint(EndpointName=NAME)["FailureReason"]
    assert endpoints.listed("Failed") == [NAME]


def test_a_deleted_endpoint_is_deleting_and_then_gone(endpoints: Endpoints, aws: LocalAws) -> None:
    aws.options.quotas[G5] = 1
    endpoints.create()
    endpoints.advance()
    endpoints.client.delete_endpoint(EndpointName=NAME)
    assert (endpoints.status(), endpoints.listed("Deleting")) == ("Deleting", [NAME])
    with pytest.raises(ClientError, match="already existing"):
        endpoints.client.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    with pytest.raises(ClientError, match="current utilization of 1 Instances"):
        endpoints.create("test-other")
    endpoints.advance()
    with pytest.raises(ClientError, match="Could not find endpoint") as error:
        endpoints.status()
    assert error.value.response["Error"]["Code"] == "ValidationException"
    endpoints.client.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)


def test_an_endpoint_over_the_quota_is_refused(endpoints: Endpoints, aws: LocalAws) -> None:
    aws.options.quotas[G5] = 1
    with pytest.raises(ClientError) as error:
        endpoints.create(count=2)
    refusal = error.value.response["Error"]
    assert refusal["Code"] == "ResourceLimitExceeded"
    assert refusal["Message"].startswith(
        "The account-level service limit 'ml.g5.2xlarge for endpoint usage' is 1 Instances, with current "
        "utilization of 0 Instances and a request delta of 2 Instances."
    )


def test_an_unknown_instance_type_is_refused(endpoints: Endpoints) -> None:
    with pytest.raises(ClientError, match="enum value set") as error:
        endpoints.create(kind="ml.huge.1xlarge")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_quotas_are_listed_in_pages_and_read_by_code(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws.options, "quotas", {G5: 7})
    with aws.client("service-quotas") as quotas:
        pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        listed = {quota["QuotaName"]: quota for page in pages for quota in page["Quotas"]}
        quota = quotas.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-9614C779")["Quota"]
        with pytest.raises(ClientError) as error:
            quotas.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-00000000")
    assert error.value.response["Error"]["Code"] == "NoSuchResourceException"
    assert quota == listed["ml.g5.2xlarge for endpoint usage"]
    assert quota["Value"] == 7.0
    assert len(listed) > 100


def test_the_rest_of_iam_is_motos(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    with aws.client("iam") as iam:
        assert iam.get_role(RoleName="stories-studio")["Role"]["Arn"].endswith("role/stories-studio")
        with pytest.raises(ClientError) as error:
            iam.get_role(RoleName="nobody")
        assert error.value.response["Error"]["Code"] == "NoSuchEntity"
        monkeypatch.setitem(aws.account.keys, aws.environment["AWS_ACCESS_KEY_ID"], "rotated")
        with pytest.raises(ClientError) as error:
            iam.get_role(RoleName="stories-studio")
    assert error.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
