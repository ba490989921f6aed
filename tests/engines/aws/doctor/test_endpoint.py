"""Each state of the endpoint, and each way in which it is not there."""

from __future__ import annotations

import boto3
import pytest

from tests.engines.aws.doctor.cloud import NUMBER, REGION, Refusal, cloud, described, found


@pytest.mark.parametrize(
    ("status", "passed", "words"),
    [
        ("InService", True, ["in service"]),
        ("Updating", True, ["updated"]),
        ("SystemUpdating", True, ["maintenance"]),
        ("RollingBack", True, ["back"]),
        ("Creating", False, ["wait", "5 to 10 minutes", "has had 3"]),
        ("Failed", False, ["CapacityError: none left", "01_deploy_falcon"]),
        ("OutOfService", False, ["01_deploy_falcon"]),
        ("Deleting", False, ["STORIES_ENDPOINT"]),
        ("UpdateRollbackFailed", False, ["CapacityError: none left", "update it again"]),
        ("Dream{ing}", False, ["Dream{ing}", "console"]),
    ],
)
def test_each_state_of_an_endpoint_is_judged(status: str, passed: bool, words: list[str]) -> None:
    told = described(status, FailureReason="CapacityError:\n none left")
    finding = found(cloud(DescribeEndpoint=told))["endpoint"]
    assert finding.passed is passed
    for word in words:
        assert word in f"{finding.told} {finding.todo}"


def test_every_state_that_the_service_knows_is_known() -> None:
    client = boto3.client("sagemaker", region_name=REGION)
    for status in client.meta.service_model.shape_for("EndpointStatus").enum:
        assert "console" not in found(cloud(DescribeEndpoint=described(status)))["endpoint"].todo


def test_a_reason_for_failure_may_say_anything() -> None:
    told = described("Failed", FailureReason="{minutes} {0} {no: such}")
    assert "{no: such}" in found(cloud(DescribeEndpoint=told))["endpoint"].told


def test_an_endpoint_that_is_not_set_is_told_without_a_call() -> None:
    clients = cloud()
    finding = found(clients, endpoint="")["endpoint"]
    assert finding.passed is False
    assert "STORIES_ENDPOINT" in finding.todo
    assert "01_deploy_falcon" in finding.todo
    assert "DescribeEndpoint" not in clients.operations()


def test_an_endpoint_that_is_not_there_is_told_with_the_two_ways_out() -> None:
    missing = Refusal("ValidationException", 400, f'Could not find endpoint "arn:aws:x::{NUMBER}:e".')
    finding = found(cloud(DescribeEndpoint=missing))["endpoint"]
    assert finding.passed is False
    assert "STORIES_ENDPOINT" in finding.todo
    assert "01_deploy_falcon" in finding.todo


def test_a_name_that_no_endpoint_can_have_is_told_with_what_it_may_hold() -> None:
    invalid = Refusal(
        "ValidationException", 400, "1 validation error detected: Value 'a b' at 'endpointName'"
    )
    finding = found(cloud(DescribeEndpoint=invalid), endpoint="a b")["endpoint"]
    assert finding.passed is False
    assert "hyphens" in finding.todo


def test_an_endpoint_that_may_not_be_looked_at_is_neither_passed_nor_failed() -> None:
    finding = found(cloud(DescribeEndpoint=Refusal("AccessDeniedException", 400)))["endpoint"]
    assert finding.passed is None
    assert "IAM" in finding.todo
