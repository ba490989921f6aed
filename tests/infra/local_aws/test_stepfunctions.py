"""Step Functions: workflows of the demo's shape run real handlers over HTTP, with a stock client."""

from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local_aws import Fault, LocalAws, deploy
from pipeline.lambdas import FUNCTIONS

ROLE = "arn:aws:iam::123456789012:role/workflow"
INVOKE = "arn:aws:states:::lambda:invoke"
RETRY = [{"ErrorEquals": ["ThrottledError"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 3}]
CATCH = [{"ErrorEquals": ["UnsafeIdeaError"], "ResultPath": "$.error", "Next": "Refused"}]
DEMO = {
    "StartAt": "Write",
    "States": {
        "Write": {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {"FunctionName": "write", "Payload.$": "$"},
            "ResultSelector": {"story.$": "$.Payload.story"},
            "Retry": RETRY,
            "Catch": CATCH,
            "Next": "Needs translation ?",
        },
        "Needs translation ?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$$.Execution.Input.locale", "StringEquals": "en", "Next": "Done"}],
            "Default": "Translate",
        },
        "Translate": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:translate",
            "Parameters": {"story.$": "$.story", "locale.$": "$$.Execution.Input.locale"},
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Refused": {"Type": "Pass", "Parameters": {"refused.$": "$.error.Error"}, "End": True},
    },
}


class ThrottledError(Exception):
    """Matched by Retry."""


class UnsafeIdeaError(Exception):
    """Matched by Catch."""


class Functions:
    """The Lambda functions of these tests. calls: by function. failures: of the next writes."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.released = threading.Event()
        self.failures = 0

    def write(self, event: Any, context: Any) -> Any:
        self.calls["write"] += 1
        if self.failures:
            self.failures -= 1
            raise ThrottledError("slow down")
        if "unsafe" in event["context"]:
            raise UnsafeIdeaError("not for children")
        return {"story": f"A story of {event['context']}.", "by": context.function_name}

    def translate(self, event: Any, _: Any) -> Any:
        """With boto3 by the environment, as a deployed handler."""
        client = boto3.client("translate")
        params = {"SourceLanguageCode": "en", "TargetLanguageCode": event["locale"]}
        text = client.translate_text(Text=event["story"], **params)["TranslatedText"]
        client.close()
        return {"story": text}

    def hang(self, event: Any, _: Any) -> Any:
        self.released.wait(60)
        return event


def calling(function: str, **more: Any) -> dict[str, Any]:
    """A workflow of one call."""
    parameters = {"FunctionName": function, "Payload.$": "$"}
    task = {"Type": "Task", "Resource": INVOKE, "Parameters": parameters, "OutputPath": "$.Payload"}
    return {"StartAt": "Call", "States": {"Call": {**task, "End": True, **more}}}


@pytest.fixture
def functions(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    functions = Functions()
    handlers = {name: getattr(functions, name) for name in ("write", "translate", "hang")}
    monkeypatch.setattr(aws.options, "lambdas", handlers)
    monkeypatch.setattr(aws.options, "retry_pace", 0.0)
    yield functions
    functions.released.set()


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


def test_a_choice_by_the_executions_input_leads_to_the_translation(
    sfn: Any, functions: Functions, aws: LocalAws
) -> None:
    english = run(sfn, machine(sfn, DEMO), context="a whale", locale="en")
    assert json.loads(english["output"]) == {"story": "A story of a whale."}
    assert aws.requests("Invoke") == 1
    french = run(sfn, machine(sfn, DEMO), context="a whale", locale="fr")
    assert json.loads(french["output"])["story"].startswith("[fr]")
    assert (aws.requests("TranslateText"), aws.requests("Invoke")) == (1, 3)


def test_a_response_has_the_execution_and_its_bill(sfn: Any, functions: Functions) -> None:
    response = run(sfn, machine(sfn, DEMO), context="a whale", locale="en")
    assert response["executionArn"].startswith("arn:aws:states:us-east-1:123456789012:express:")
    assert response["billingDetails"]["billedMemoryUsedInMB"] == 64
    assert response["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    assert json.loads(response["input"]) == {"context": "a whale", "locale": "en"}
    assert response["startDate"] <= response["stopDate"]


def test_a_state_is_retried_by_an_errors_name_until_its_attempts_end(sfn: Any, functions: Functions) -> None:
    functions.failures = 3
    assert run(sfn, machine(sfn, DEMO), context="a whale", locale="en")["status"] == "SUCCEEDED"
    assert functions.calls["write"] == 4
    functions.failures = 4
    response = run(sfn, machine(sfn, DEMO), context="a whale", locale="en")
    assert (response["status"], response["error"]) == ("FAILED", "ThrottledError")
    cause = json.loads(response["cause"])
    assert (cause["errorType"], cause["errorMessage"]) == ("ThrottledError", "slow down")
    assert "output" not in response


def test_an_error_is_caught_by_its_name(sfn: Any, functions: Functions) -> None:
    response = run(sfn, machine(sfn, DEMO), context="unsafe", locale="en")
    assert json.loads(response["output"]) == {"refused": "UnsafeIdeaError"}


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


def test_timeouts_of_a_state_of_a_machine_and_of_express(
    sfn: Any, functions: Functions, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state's timeout is caught; a machine's own and the service's limit pass every Catch by."""
    late = {"Type": "Pass", "Result": {"late": True}, "End": True}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Late"}]
    state = calling("hang", TimeoutSeconds=1, Catch=catch)
    whole = {**calling("hang", Catch=catch), "TimeoutSeconds": 1}
    for flow in (state, whole):
        flow["States"]["Late"] = late
    assert json.loads(run(sfn, machine(sfn, state))["output"]) == {"late": True}
    monkeypatch.setattr(aws.options, "express_limit", 0.1)
    for flow in (whole, calling("hang")):
        response = run(sfn, machine(sfn, flow))
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
        (json.dumps(calling("write", Resource=f"{INVOKE}.waitForTaskToken")), "waitForTaskToken"),
    ],
)
def test_an_invalid_definition_is_refused(sfn: Any, definition: str, message: str) -> None:
    with pytest.raises(ClientError, match=message) as error:
        sfn.create_state_machine(name="bad", definition=definition, roleArn=ROLE, type="EXPRESS")
    assert refused(error) == ("InvalidDefinition", 400)


def test_a_standard_machine_bad_input_and_an_unknown_machine_are_refused(sfn: Any) -> None:
    with pytest.raises(ClientError, match="Express workflows only"):
        sfn.create_state_machine(name="standard", definition=json.dumps(DEMO), roleArn=ROLE)
    arn = machine(sfn, calling("write"))
    for params, code in (
        ({"stateMachineArn": arn, "input": "{"}, "InvalidExecutionInput"),
        ({"stateMachineArn": f"{arn}x"}, "StateMachineDoesNotExist"),
    ):
        with pytest.raises(ClientError) as error:
            sfn.start_sync_execution(**params)
        assert refused(error) == (code, 400)


def test_an_unknown_function_fails_the_task(sfn: Any, functions: Functions) -> None:
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


def test_faults_reach_a_workflow_and_its_client(sfn: Any, functions: Functions, aws: LocalAws) -> None:
    arn = machine(sfn, calling("write"))
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
    assert names == set(FUNCTIONS) - {"MvpStoriesWorkflowTrigger"}


def test_an_unknown_substitution_is_an_error(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(deploy.SUBSTITUTIONS, "TranslateFunction")
    with pytest.raises(ValueError, match=r"\$\{TranslateFunction\}"):
        deploy.definition(aws)
