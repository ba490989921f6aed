"""Step Functions: workflows of the demo's shape run real handlers, over HTTP, with a stock client."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local_aws import Fault, LocalAws

ROLE = "arn:aws:iam::123456789012:role/workflow"
INVOKE = "arn:aws:states:::lambda:invoke"


class ThrottledError(Exception):
    """An error name of our own, as Retry matches it."""


class UnsafeIdeaError(Exception):
    """One that Catch matches."""


class Functions:
    """The Lambda functions of these tests. calls: how often each ran."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.hanging = threading.Event()
        self.failures = 0

    @property
    def mapping(self) -> dict[str, Any]:
        return {"write": self.write, "translate": self.translate, "hang": self.hang, "speak": self.speak}

    def write(self, event: Any, context: Any) -> Any:
        self.calls["write"] += 1
        if self.failures:
            self.failures -= 1
            raise ThrottledError("slow down")
        if "unsafe" in event["context"]:
            raise UnsafeIdeaError("not for children")
        return {"story": f"A story of {event['context']}.", "secret": "dropped", "by": context.function_name}

    def translate(self, event: Any, _: Any) -> Any:
        """Through the environment that a deployed handler has: boto3 finds the local AWS by itself."""
        self.calls["translate"] += 1
        client = boto3.client("translate")
        told = client.translate_text(
            Text=event["story"], SourceLanguageCode="en", TargetLanguageCode=event["locale"]
        )
        client.close()
        return {"story": told["TranslatedText"]}

    def hang(self, event: Any, _: Any) -> Any:
        self.calls["hang"] += 1
        self.hanging.wait(20)
        return event

    def speak(self, event: Any, _: Any) -> Any:
        self.calls["speak"] += 1
        return {"mp3Url": f"https://example.com/{len(event['story'])}.mp3"}


DEMO = {
    "StartAt": "Generate Story",
    "States": {
        "Generate Story": {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {"FunctionName": "write", "Payload.$": "$"},
            "ResultSelector": {"story.$": "$.Payload.story"},
            "Retry": [
                {"ErrorEquals": ["ThrottledError"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 3}
            ],
            "Catch": [{"ErrorEquals": ["UnsafeIdeaError"], "ResultPath": "$.error", "Next": "Refused"}],
            "Next": "Needs translation ?",
        },
        "Needs translation ?": {
            "Type": "Choice",
            "Choices": [
                {
                    "Variable": "$$.Execution.Input.locale",
                    "StringEquals": "en",
                    "Next": "Convert Story to Speech",
                }
            ],
            "Default": "Translate story",
        },
        "Translate story": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:translate",
            "Parameters": {"story.$": "$.story", "locale.$": "$$.Execution.Input.locale"},
            "Next": "Convert Story to Speech",
        },
        "Convert Story to Speech": {
            "Type": "Task",
            "Resource": INVOKE,
            "Parameters": {"FunctionName": "speak", "Payload.$": "$"},
            "ResultSelector": {"mp3Url.$": "$.Payload.mp3Url"},
            "ResultPath": "$.spoken",
            "End": True,
        },
        "Refused": {"Type": "Pass", "Parameters": {"refused.$": "$.error.Error"}, "End": True},
    },
}


def calling(function: str, **more: Any) -> dict[str, Any]:
    """A workflow of one call."""
    task = {
        "Type": "Task",
        "Resource": INVOKE,
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        "End": True,
        **more,
    }
    return {"StartAt": "Call", "States": {"Call": task}}


@pytest.fixture
def functions(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """The session's local AWS, with functions of this test's own."""
    made = Functions()
    monkeypatch.setattr(aws.options, "lambdas", made.mapping)
    yield made
    made.hanging.set()


@pytest.fixture
def sfn(aws: LocalAws) -> Iterator[Any]:
    with aws.client("stepfunctions", inject_host_prefix=False) as client:
        yield client


def machine(sfn: Any, definition: dict[str, Any], kind: str = "EXPRESS") -> str:
    name = f"m{time.monotonic_ns()}"
    made = sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, type=kind)
    arn: str = made["stateMachineArn"]
    return arn


def run(sfn: Any, arn: str, **told: Any) -> dict[str, Any]:
    answer: dict[str, Any] = sfn.start_sync_execution(stateMachineArn=arn, input=json.dumps(told))
    return answer


def ended(sfn: Any, arn: str, seconds: float = 10) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while (told := sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < until, "the execution does not end"
        time.sleep(0.02)
    answer: dict[str, Any] = told
    return answer


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    told = error.value.response
    return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]


def test_an_english_story_passes_the_translation_by(sfn: Any, functions: Functions) -> None:
    told = run(sfn, machine(sfn, DEMO), context="a whale", locale="en")
    assert told["status"] == "SUCCEEDED"
    assert json.loads(told["output"]) == {
        "story": "A story of a whale.",
        "spoken": {"mp3Url": "https://example.com/19.mp3"},
    }
    assert functions.calls == {"write": 1, "speak": 1}


def test_a_choice_by_the_executions_own_input_leads_to_the_translation(
    sfn: Any, functions: Functions, aws: LocalAws
) -> None:
    told = run(sfn, machine(sfn, DEMO), context="a whale", locale="fr")
    assert json.loads(told["output"])["story"].startswith("[fr]")
    assert aws.requests("TranslateText") == 1  # the handler's own boto3 came over HTTP
    assert aws.requests("Invoke") == 3


def test_three_failures_of_our_own_name_are_retried_and_the_fourth_try_succeeds(
    sfn: Any, functions: Functions
) -> None:
    functions.failures = 3
    told = run(sfn, machine(sfn, DEMO), context="a whale", locale="en")
    assert told["status"] == "SUCCEEDED"
    assert functions.calls["write"] == 4


def test_four_failures_end_the_execution_with_the_errors_name_and_cause(
    sfn: Any, functions: Functions
) -> None:
    functions.failures = 4
    told = run(sfn, machine(sfn, DEMO), context="a whale", locale="en")
    assert (told["status"], told["error"]) == ("FAILED", "ThrottledError")
    cause = json.loads(told["cause"])
    assert (cause["errorType"], cause["errorMessage"]) == ("ThrottledError", "slow down")
    assert "output" not in told
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_catch_leads_elsewhere_by_the_errors_name(sfn: Any, functions: Functions) -> None:
    told = run(sfn, machine(sfn, DEMO), context="unsafe", locale="en")
    assert json.loads(told["output"]) == {"refused": "UnsafeIdeaError"}


def test_the_answer_of_a_synchronous_execution_tells_its_bill(sfn: Any, functions: Functions) -> None:
    told = run(sfn, machine(sfn, calling("speak")), story="Good night.")
    assert told["executionArn"].startswith("arn:aws:states:us-east-1:123456789012:express:")
    assert told["billingDetails"]["billedMemoryUsedInMB"] == 64
    assert told["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    assert json.loads(told["input"]) == {"story": "Good night."}
    assert told["startDate"] <= told["stopDate"]


def test_a_workflow_asks_services_itself(sfn: Any, aws: LocalAws) -> None:
    """Directly from the workflow, without a Lambda function between."""
    asks = {"EndpointName": aws.environment["STORIES_ENDPOINT"], "ContentType": "application/json"}
    body = {"inputs": "A story of a whale.", "parameters": {"max_new_tokens": 20}}
    write = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemakerruntime:invokeEndpoint",
        "Parameters": {**asks, "Body": body},
        "ResultSelector": {"told.$": "States.StringToJson($.Body)"},
        "Next": "Translate",
    }
    translate = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:translate:translateText",
        "Parameters": {
            "Text.$": "$.told[0].generated_text",
            "SourceLanguageCode": "en",
            "TargetLanguageCode": "fr",
        },
        "End": True,
    }
    flow = {"StartAt": "Write", "States": {"Write": write, "Translate": translate}}
    told = run(sfn, machine(sfn, flow))
    assert told["status"] == "SUCCEEDED", told
    assert json.loads(told["output"])["TranslatedText"].startswith("[fr]")
    assert (aws.requests("InvokeEndpoint"), aws.requests("TranslateText")) == (1, 1)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a[0].b", 1),
        ("$.a[1]", {"b": 2}),
        ("$.a[*].b", [1, 2]),
        ("$.a[0:1].b", [1]),
        ("$['a'][1]['b']", 2),
    ],
)
def test_a_path_with_one_match_at_most_has_one_value(sfn: Any, path: str, value: Any) -> None:
    flow = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"v.$": path}, "End": True}}}
    told = run(sfn, machine(sfn, flow), a=[{"b": 1}, {"b": 2}])
    assert json.loads(told["output"]) == {"v": value}


def test_a_task_that_outlasts_its_time_fails_with_states_timeout(sfn: Any, functions: Functions) -> None:
    caught = {"Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]}
    flow = calling("hang", TimeoutSeconds=1, **caught)
    flow["States"]["Late"] = {"Type": "Pass", "Result": {"late": True}, "End": True}
    assert json.loads(run(sfn, machine(sfn, flow))["output"]) == {"late": True}


def test_a_machines_own_timeout_passes_every_catch_by(sfn: Any, functions: Functions) -> None:
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]}
    flow = {**calling("hang", **caught), "TimeoutSeconds": 1}
    flow["States"]["Caught"] = {"Type": "Pass", "End": True}
    before = time.monotonic()
    told = run(sfn, machine(sfn, flow))
    assert (told["status"], told["error"]) == ("TIMED_OUT", "States.Timeout")
    assert time.monotonic() - before < 5


def test_an_express_execution_ends_at_the_services_limit(
    sfn: Any, functions: Functions, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws.options, "express_limit", 0.5)
    told = run(sfn, machine(sfn, {**calling("hang"), "TimeoutSeconds": 60}))
    assert told["status"] == "TIMED_OUT"


def test_a_standard_execution_is_followed_by_describe_and_has_a_history(
    sfn: Any, functions: Functions
) -> None:
    arn = machine(sfn, DEMO, "STANDARD")
    asked = {"context": "a whale", "locale": "en"}
    started = sfn.start_execution(stateMachineArn=arn, name="once", input=json.dumps(asked))
    told = ended(sfn, started["executionArn"])
    assert told["status"] == "SUCCEEDED"
    assert json.loads(told["output"])["story"] == "A story of a whale."
    events = sfn.get_execution_history(executionArn=started["executionArn"])["events"]
    assert (events[0]["type"], events[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")
    with pytest.raises(ClientError) as error:
        sfn.start_execution(stateMachineArn=arn, name="once", input="{}")
    assert refused(error) == ("ExecutionAlreadyExists", 400)


def test_a_stopped_execution_is_aborted_at_once(sfn: Any, functions: Functions) -> None:
    arn = machine(sfn, calling("hang"), "STANDARD")
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    while not functions.calls["hang"]:
        time.sleep(0.01)
    sfn.stop_execution(executionArn=started, error="Stories.Stopped", cause="by hand")
    told = sfn.describe_execution(executionArn=started)
    assert (told["status"], told["error"]) == ("ABORTED", "Stories.Stopped")
    listed = sfn.list_executions(stateMachineArn=arn, statusFilter="ABORTED")["executions"]
    assert [one["executionArn"] for one in listed] == [started]


def test_an_asynchronous_express_execution_runs_but_cannot_be_described(
    sfn: Any, functions: Functions
) -> None:
    started = sfn.start_execution(stateMachineArn=machine(sfn, calling("speak")), input='{"story": "a"}')
    with pytest.raises(ClientError) as error:
        sfn.describe_execution(executionArn=started["executionArn"])
    assert refused(error) == ("StateMachineTypeNotSupported", 400)
    until = time.monotonic() + 5
    while not functions.calls["speak"]:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_standard_machine_has_no_synchronous_execution(sfn: Any, functions: Functions) -> None:
    with pytest.raises(ClientError) as error:
        run(sfn, machine(sfn, calling("speak"), "STANDARD"))
    assert refused(error) == ("StateMachineTypeNotSupported", 400)


@pytest.mark.parametrize(("size", "status"), [(262_143, 200), (262_144, 200), (262_145, 400)])
def test_input_may_have_256_kib_of_utf_8(sfn: Any, functions: Functions, size: int, status: int) -> None:
    arn = machine(sfn, {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": 1, "End": True}}})
    told = '"' + "é" * ((size - 2) // 2) + "a" * (size % 2) + '"'
    assert len(told.encode()) == size
    if status == 200:
        assert sfn.start_sync_execution(stateMachineArn=arn, input=told)["output"] == "1"
        return
    with pytest.raises(ClientError) as error:
        sfn.start_sync_execution(stateMachineArn=arn, input=told)
    assert refused(error) == ("ValidationException", status)


@pytest.mark.parametrize(
    ("definition", "says"),
    [
        ("no json", "INVALID_JSON_DESCRIPTION"),
        ('{"StartAt": "A"}', "SCHEMA_VALIDATION_FAILED"),
        (json.dumps(calling("speak", Resource=f"{INVOKE}.waitForTaskToken")), "waitForTaskToken"),
    ],
)
def test_a_definition_that_the_service_would_refuse_is_refused(sfn: Any, definition: str, says: str) -> None:
    with pytest.raises(ClientError, match=says) as error:
        sfn.create_state_machine(name="bad", definition=definition, roleArn=ROLE, type="EXPRESS")
    assert refused(error) == ("InvalidDefinition", 400)


def test_input_that_is_no_json_and_a_missing_machine_are_errors(sfn: Any, functions: Functions) -> None:
    arn = machine(sfn, calling("speak"))
    with pytest.raises(ClientError) as error:
        sfn.start_sync_execution(stateMachineArn=arn, input="{")
    assert refused(error) == ("InvalidExecutionInput", 400)
    with pytest.raises(ClientError) as error:
        sfn.start_sync_execution(stateMachineArn=f"{arn}x")
    assert refused(error) == ("StateMachineDoesNotExist", 400)


def test_a_function_that_is_not_there_fails_the_task(sfn: Any, functions: Functions) -> None:
    told = run(sfn, machine(sfn, calling("nobody")))
    assert (told["status"], told["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")


def test_a_machine_is_updated_listed_and_deleted(sfn: Any, functions: Functions) -> None:
    arn = machine(sfn, calling("speak"))
    changed = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 2, "End": True}}})
    sfn.update_state_machine(stateMachineArn=arn, definition=changed)
    assert sfn.describe_state_machine(stateMachineArn=arn)["definition"] == changed
    assert run(sfn, arn)["output"] == "2"
    assert arn in [one["stateMachineArn"] for one in sfn.list_state_machines()["stateMachines"]]
    sfn.delete_state_machine(stateMachineArn=arn)
    with pytest.raises(ClientError) as error:
        sfn.describe_state_machine(stateMachineArn=arn)
    assert refused(error) == ("StateMachineDoesNotExist", 400)


def test_fifty_executions_at_once_all_end(sfn: Any, functions: Functions) -> None:
    """More than Starlette has threads: each execution waits for a function on the same server."""
    arn, told = machine(sfn, calling("speak")), []
    with_many = Config(max_pool_connections=50)
    client = boto3.client("stepfunctions", config=with_many.merge(Config(inject_host_prefix=False)))

    def one() -> None:
        told.append(run(client, arn, story="abc")["status"])

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    client.close()
    assert told == ["SUCCEEDED"] * 50


def test_faults_reach_the_workflow_as_they_reach_a_client(
    sfn: Any, functions: Functions, aws: LocalAws
) -> None:
    arn = machine(sfn, calling("speak"))
    aws.inject("StartSyncExecution", Fault("throttle"))
    with pytest.raises(ClientError) as error:
        run(sfn, arn, story="a")
    assert refused(error) == ("ThrottlingException", 400)
    aws.inject("Invoke", Fault("throttle"))
    assert run(sfn, arn, story="a")["error"] == "Lambda.TooManyRequestsException"
