"""What is missing before a deployment: each state, with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.engines.aws.doctor import Stack, examine_deployment
from pipeline.types import Finding
from tests.engines.aws.doctor.cloud import (
    ENDPOINT,
    NUMBER,
    REGION,
    TABLE,
    Cloud,
    Refusal,
    Reply,
    checked,
    cloud,
    described,
    words_of,
)

DEV = Stack("dev", ENDPOINT)
BEDROCK = Stack("dev", bedrock="eu.amazon.nova-lite-v1:0")
ARN = f"arn:aws:sagemaker:{REGION}:{NUMBER}:"


def model(**environment: str) -> dict[str, Any]:
    container = {"Image": "tgi", "Environment": environment}
    known = {"ModelName": "falcon", "ModelArn": f"{ARN}model/falcon", "CreationTime": 0}
    return {**known, "PrimaryContainer": container}


def available() -> dict[str, Any]:
    return {
        "modelId": "amazon.nova-lite-v1:0",
        "agreementAvailability": {"status": "AVAILABLE"},
        "authorizationStatus": "AUTHORIZED",
        "entitlementAvailability": "AVAILABLE",
        "regionAvailability": "AVAILABLE",
    }


def room(executions: int) -> dict[str, Any]:
    return {"AccountLimit": {"ConcurrentExecutions": executions}}


READY: dict[str, Reply] = {
    "DescribeEndpoint": described("InService", EndpointConfigName="falcon"),
    "DescribeEndpointConfig": {
        "EndpointConfigName": "falcon",
        "EndpointConfigArn": f"{ARN}endpoint-config/falcon",
        "CreationTime": 0,
        "ProductionVariants": [{"VariantName": "all", "ModelName": "falcon"}],
    },
    "DescribeModel": model(MAX_INPUT_LENGTH="1024", MAX_TOTAL_TOKENS="2048"),
    "GetFoundationModelAvailability": available(),
    "GetInferenceProfile": {
        "inferenceProfileName": "Nova Lite",
        "inferenceProfileArn": f"arn:aws:bedrock:{REGION}:{NUMBER}:inference-profile/{BEDROCK.bedrock}",
        "models": [{"modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/amazon.nova-lite-v1:0"}],
        "inferenceProfileId": "eu.amazon.nova-lite-v1:0",
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    },
    "GetAccountSettings": room(10),
}


def account(**other: Reply) -> Cloud:
    return cloud(**{**READY, **other})


def examined(stack: Stack, clients: Cloud) -> dict[str, Finding]:
    return {each.name: checked(each) for each in examine_deployment(clients, stack, TABLE)}


@pytest.mark.parametrize("stack", [DEV, BEDROCK], ids=["endpoint", "bedrock"])
def test_a_new_account_is_ready_for_dev_and_only_read(stack: Stack) -> None:
    clients = account()
    assert {finding.passed for finding in examined(stack, clients).values()} == {True}
    assert all(name.startswith(("Get", "Describe")) for name in clients.operations())


@pytest.mark.parametrize("name", ["MAX_INPUT_LENGTH", "MAX_INPUT_TOKENS", "MAX_TOTAL_TOKENS"])
def test_an_endpoint_that_takes_fewer_tokens_than_a_story_needs_is_reported(name: str) -> None:
    finding = examined(DEV, account(DescribeModel=model(**{name: "512"})))["token limits"]
    assert finding.passed is False
    assert "512" in finding.summary
    assert "MAX_TOTAL_TOKENS" in finding.todo


def test_an_endpoint_of_inference_components_leaves_the_limits_open() -> None:
    config = {**READY["DescribeEndpointConfig"], "ProductionVariants": [{"VariantName": "all"}]}
    assert examined(DEV, account(DescribeEndpointConfig=config))["token limits"].passed is None


def test_prod_needs_room_for_what_it_reserves_and_an_address() -> None:
    prod = Stack("prod", ENDPOINT, reserved=45)
    findings = examined(prod, account())
    assert {findings[name].passed for name in ("concurrency", "alarm address")} == {False}
    assert "ask for 145" in findings["concurrency"].todo
    assert "AlarmEmail" in words_of(findings["alarm address"])
    full = Stack("prod", ENDPOINT, reserved=45, alarm_email="me@example.org")
    assert {each.passed for each in examined(full, account(GetAccountSettings=room(145))).values()} == {True}


def test_who_may_not_look_leaves_it_open() -> None:
    clients = account(GetAccountSettings=Refusal("AccessDeniedException", 403))
    assert examined(DEV, clients)["concurrency"].passed is None
