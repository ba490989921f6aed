"""Step Functions with a stock client; tests/infra/test_workflow.py runs the deployed workflow's branches."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from infra.local_aws import Fault, LocalAws, deploy
from pipeline.lambdas import FUNCTIONS

ROLE = "arn:aws:iam::123456789012:role/workflow"
INVOKE = "arn:aws:states:::lambda:invoke"


def calling(function: str, **more: Any) -> dict[str, Any]:
    """A workflow of one call."""
    parameters = {"FunctionName": function, "Payload.$": "$"}
    task = {"Type": "Task", "Resource": INVOKE, "Parameters": parameters, "OutputPath": "$.Payload"}
    return {"StartAt": "Call", "States": {"Call": {**task, "End": True, **more}}}


@pytest.fixture
def functions(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function `echo` that returns its event."""
    monkeypatch.setattr(aws.options, "lambdas", {"echo": lambda event, _: event})


@pytest.fixture
def sfn(aws: LocalAws) -> Iterator[Any]:
    with aws.client("stepfunctions", inject_host_prefix=False, max_pool_connections=50) as client:
        yield client


def machine(sfn: Any, definition: dict[str, Any]) -> str:
    machine = {"name": f"m{uuid.uuid4().hex}", "definition": json.dumps(definition), "roleArn": ROLE}
    return str(sfn.create_state_machine(**machine, type="EXPRESS")["stateMachineArn"])


def run(sfn: Any, arn: str, **values: Any) -> dict[str, Any]:
    response: dict[str, Any] = sfn.start_sync_execution(stateMachineArn=arn, input=json.dumps(values))
    return response


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_response_has_the_execution_and_its_bill(sfn: Any, functions: None, aws: LocalAws) -> None:
    response = run(sfn, machine(sfn, calling("echo")), context="a whale")
    assert response["executionArn"].startswith("arn:aws:states:us-east-1:123456789012:express:")
    assert response["billingDetails"]["billedMemoryUsedInMB"] == 64
    assert response["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    assert json.loads(response["input"]) == json.loads(response["output"]) == {"context": "a whale"}
    assert response["startDate"] <= response["stopDate"]
    assert (aws.requests("StartSyncExecution"), aws.requests("Invoke")) == (1, 1)


def test_a_functions_exception_is_the_executions_error(
    sfn: Any, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.options, "lambdas", {"fail": Mock(side_effect=ZeroDivisionError("a bug"))})
    response = run(sfn, machine(sfn, calling("fail")))
    assert (response["status"], response["error"]) == ("FAILED", "ZeroDivisionError")
    cause = json.loads(response["cause"])
    assert (cause["errorType"], cause["errorMessage"]) == ("ZeroDivisionError", "a bug")
    assert "output" not in response


def test_a_workflow_calls_services_without_a_function(sfn: Any, aws: LocalAws) -> None:
    body = {"inputs": "A story of a whale.", "parameters": {"max_new_tokens": 20}}
    endpoint = {"EndpointName": aws.environment["STORIES_ENDPOINT"], "ContentType": "application/json"}
    write = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemakerruntime:invokeEndpoint",
        "Parameters": {**endpoint, "Body": body},
        "ResultSelector": {"answer.$": "States.StringToJson($.Body)"},
        "Next": "Translate",
    }
    languages = {"SourceLanguageCode": "en", "TargetLanguageCode": "fr"}
    translate = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:translate:translateText",
        "Parameters": {"Text.$": "$.answer[0].generated_text", **languages},
        "End": True,
    }
    flow = {"StartAt": "Write", "States": {"Write": write, "Translate": translate}}
    response = run(sfn, machine(sfn, flow))
    assert response["status"] == "SUCCEEDED", response
    assert json.loads(response["output"])["TranslatedText"].startswith("[fr]")


def test_a_path_with_one_match_at_most_has_one_value(sfn: Any) -> None:
    paths = {"$.a[0].b": 1, "$.a[1]": {"b": 2}, "$.a[*].b": [1, 2], "$.a[0:1].b": [1], "$['a'][1]['b']": 2}
    parameters = {f"{number}.$": path for number, path in enumerate(paths)}
    flow = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": parameters, "End": True}}}
    output = json.loads(run(sfn, machine(sfn, flow), a=[{"b": 1}, {"b": 2}])["output"])
    assert list(output.values()) == list(paths.values())


def test_an_execution_ends_at_the_services_limit(
    sfn: Any, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(aws.options, "lambdas", {"hang": lambda *_: released.wait(60)})
    monkeypatch.setattr(aws.options, "express_limit", 0.1)
    response = run(sfn, machine(sfn, calling("hang")))
    released.set()
    assert (response["status"], response["error"]) == ("TIMED_OUT", "States.Timeout")


def test_an_asynchronous_execution_runs(sfn: Any, aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    called = threading.Event()
    monkeypatch.setattr(aws.options, "lambdas", {"call": lambda *_: called.set()})
    assert sfn.start_execution(stateMachineArn=machine(sfn, calling("call")))["executionArn"]
    assert called.wait(60)


@pytest.mark.parametrize("size", [262_144, 262_145])
def test_input_may_have_256_kib_of_utf_8(sfn: Any, size: int) -> None:
    arn = machine(sfn, {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 1, "End": True}}})
    text = '"' + "é" * ((size - 2) // 2) + "a" * (size % 2) + '"'
    assert len(text.encode()) == size
    if size == 262_144:
        assert sfn.start_sync_execution(stateMachineArn=arn, input=text)["output"] == "1"
        return
    with pytest.raises(ClientError) as error:
        sfn.start_sync_execution(stateMachineArn=arn, input=text)
    assert refused(error) == ("ValidationException", 400)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("no json", "INVALID_JSON_DESCRIPTION"),
        ('{"StartAt": "A"}', "SCHEMA_VALIDATION_FAILED"),
        (json.dumps(calling("echo", Resource=f"{INVOKE}.waitForTaskToken")), "waitForTaskToken"),
    ],
)
def test_an_invalid_definition_is_refused(sfn: Any, definition: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as error:
        sfn.create_state_machine(name="bad", definition=definition, roleArn=ROLE, type="EXPRESS")
    assert refused(error) == ("InvalidDefinition", 400)


def test_a_standard_machine_bad_input_and_an_unknown_machine_are_refused(sfn: Any) -> None:
    with pytest.raises(ClientError, match="Express workflows only"):
        sfn.create_state_machine(name="standard", definition=json.dumps(calling("echo")), roleArn=ROLE)
    arn = machine(sfn, calling("echo"))
    for params, code in (
        ({"stateMachineArn": arn, "input": "{"}, "InvalidExecutionInput"),
        ({"stateMachineArn": f"{arn}x"}, "StateMachineDoesNotExist"),
    ):
        with pytest.raises(ClientError) as error:
            sfn.start_sync_execution(**params)
        assert refused(error) == (code, 400)


def test_an_unknown_function_fails_the_task(sfn: Any, functions: None) -> None:
    response = run(sfn, machine(sfn, calling("nobody")))
    assert (response["status"], response["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")


def test_fifty_executions_at_once_all_end(sfn: Any, aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than Starlette's threads: each execution waits for a function on the same server."""
    together = threading.Barrier(50)
    monkeypatch.setattr(aws.options, "lambdas", {"meet": lambda *_: together.wait(120) and None})
    arn = machine(sfn, calling("meet"))
    with ThreadPoolExecutor(50) as pool:
        responses = list(pool.map(lambda _: run(sfn, arn), range(50)))
    assert [response["status"] for response in responses] == ["SUCCEEDED"] * 50


def test_faults_reach_a_workflow_and_its_client(sfn: Any, functions: None, aws: LocalAws) -> None:
    arn = machine(sfn, calling("echo"))
    aws.inject("StartSyncExecution", Fault("throttle"))
    with pytest.raises(ClientError) as error:
        run(sfn, arn, context="a")
    assert refused(error) == ("ThrottlingException", 400)
    aws.inject("Invoke", Fault("throttle"))
    assert run(sfn, arn, context="a")["error"] == "Lambda.TooManyRequestsException"


def test_the_deployed_file_is_put_in_once_with_the_accounts_functions(sfn: Any, aws: LocalAws) -> None:
    arn = deploy.deploy(aws)
    assert deploy.deploy(aws) == arn
    described = sfn.describe_state_machine(stateMachineArn=arn)
    assert (described["name"], described["type"]) == ("MvpStoriesWorkflow", "EXPRESS")
    assert arn in [item["stateMachineArn"] for item in sfn.list_state_machines()["stateMachines"]]
    states = json.loads(described["definition"])["States"].values()
    arns = {state["Parameters"]["FunctionName"] for state in states if state["Type"] == "Task"}
    names = {arn.removeprefix("arn:aws:lambda:us-east-1:123456789012:function:") for arn in arns}
    assert names == set(FUNCTIONS) - {"MvpStoriesWorkflowTrigger", "MvpStoriesPush"}


def test_an_unknown_substitution_is_an_error(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(deploy.SUBSTITUTIONS, "TranslateFunction")
    with pytest.raises(ValueError, match=r"\$\{TranslateFunction\}"):
        deploy.definition(aws)
