"""The workflow is put into the local AWS as it is deployed."""

from __future__ import annotations

import json

import pytest

from infra.local_aws import LocalAws, deploy
from pipeline.lambdas import FUNCTIONS


def test_the_file_that_is_deployed_is_read_with_the_accounts_functions(aws: LocalAws) -> None:
    arn = deploy.deploy(aws)
    with aws.client("stepfunctions") as client:
        told = client.describe_state_machine(stateMachineArn=arn)
    assert (told["name"], told["type"]) == ("MvpStoriesWorkflow", "EXPRESS")
    states = json.loads(told["definition"])["States"]
    called = {state["Parameters"]["FunctionName"] for state in states.values() if state["Type"] == "Task"}
    named = {one.removeprefix("arn:aws:lambda:us-east-1:123456789012:function:") for one in called}
    assert named == set(FUNCTIONS) - {"MvpStoriesWorkflowTrigger"}


def test_deployed_twice_it_is_there_once(aws: LocalAws) -> None:
    assert deploy.deploy(aws) == deploy.deploy(aws)


def test_a_substitution_that_nobody_knows_is_a_mistake(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(deploy.SUBSTITUTIONS, "TranslateFunction")
    with pytest.raises(ValueError, match=r"\$\{TranslateFunction\}"):
        deploy.definition(aws)
