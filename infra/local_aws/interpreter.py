"""Runs a state machine with moto's interpreter of the Amazon States Language, in this process.

moto's own entry (mock_aws) patches botocore for the whole process, and would intercept the calls of the
handlers and of the tests. The interpreter does not need it: it takes its clients from one function, which
lend_clients() replaces. Those clients are unpatched boto3, and call the local AWS over HTTP.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

from infra.local_aws.account import Account
from infra.local_aws.wire import Params

SUCCEEDED, FAILED, TIMED_OUT = "SUCCEEDED", "FAILED", "TIMED_OUT"
# Wildcards, descents, filters, slices and unions of a JSONPath.
_MANY = re.compile(r"\*|\.\.|\?|\[[^\]'\"]*[:,]")
_TASK_SECONDS = 910  # a little longer than a Lambda function may take (15 minutes)


@dataclass(frozen=True)
class Machine:
    name: str
    arn: str
    definition: str
    role: str
    settings: Params
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Execution:
    """input: JSON. limit: seconds, beside the machine's own."""

    arn: str
    name: str
    machine: Machine
    input: str
    started: datetime
    limit: float


@dataclass(frozen=True)
class Outcome:
    """output: JSON, where the execution succeeded. error, cause: where it did not."""

    status: str
    stopped: datetime
    output: str | None = None
    error: str | None = None
    cause: str | None = None


def run(execution: Execution, account: Account) -> Outcome:
    """Runs the execution to its end."""
    lend_clients(account)
    worker = _interpreter().worker(execution, account)
    worker.start()
    return _outcome(worker.env)


def syntax_errors(definition: str) -> list[str]:
    try:
        _interpreter().parse(definition)
    except Exception as error:  # noqa: BLE001 - whatever its parser raises is an error of the definition
        return [str(error) or type(error).__name__]
    return []


def lend_clients(account: Account) -> None:
    """Gives the interpreter the account's clients, which are kept: creating one takes 0.1 s; and its pace."""
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.utils import boto_client as module

    boto_client: Any = module
    retry: Any = retrier_decl
    if getattr(boto_client.boto3, "account", None) is account:
        return
    # A workflow's name of a service has no hyphens ("aws-sdk:sagemakerruntime").
    names = {name.replace("-", ""): name for name in account.session.get_available_services()}
    clients: dict[str, Any] = {}

    def client(service_name: str, config: Any, **_: Any) -> Any:
        name = names.get(service_name, service_name)
        with account.lock:
            if name not in clients:
                config.read_timeout, config.connect_timeout = _TASK_SECONDS, 10
                config.inject_host_prefix = False
                clients[name] = account.session.client(name, endpoint_url=account.url(name), config=config)
                if name != "lambda":  # whose payloads the interpreter reads and writes itself
                    clients[name].meta.events.register("before-parameter-build", _write_body)
                    clients[name].meta.events.register("after-call", _read_body)
            return clients[name]

    def sleep(seconds: float) -> None:
        time.sleep(seconds * account.options.retry_pace)

    boto_client.boto3 = SimpleNamespace(client=client, account=account)
    retry.time = SimpleNamespace(sleep=sleep)


@dataclass(frozen=True)
class _Interpreter:
    worker: Callable[[Execution, Account], Any]
    parse: Callable[[str], Any]


@cache
def _interpreter() -> _Interpreter:
    """moto's, imported at first use, which takes a second."""
    from moto.stepfunctions.parser.api import StateMachineType
    from moto.stepfunctions.parser.asl.eval import evaluation_details as details
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
    from moto.stepfunctions.parser.asl.utils import json_path
    from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker

    lock = threading.Lock()
    # A failed execution is a normal outcome; the interpreter would also dump its whole state to stderr.
    logging.getLogger("moto.stepfunctions.parser").setLevel(logging.CRITICAL)
    # In the service, a path with one match at most has one value; moto returns "$.a[0].b" as a list.
    json_path._is_singleton_array_access = lambda path: _MANY.search(path) is None

    def parse(definition: str) -> Any:
        with lock:  # the parser fills tables of its class as it reads
            return AmazonStateLanguageParser.parse(definition)[0]

    class Worker(SyncExecutionWorker):
        limit: float

        def _get_evaluation_entrypoint(self) -> Any:
            program = parse(self._evaluation_details.state_machine_details.definition)
            own = program.timeout_seconds.timeout_seconds if program.timeout_seconds else self.limit
            program.timeout_seconds = SimpleNamespace(timeout_seconds=min(own, self.limit))
            return program

    def worker(execution: Execution, account: Account) -> Any:
        machine = execution.machine
        evaluation = details.EvaluationDetails(
            aws_execution_details=details.AWSExecutionDetails(account.id, account.region, machine.role),
            execution_details=details.ExecutionDetails(
                execution.arn,
                execution.name,
                machine.role,
                json.loads(execution.input),
                execution.started.isoformat(),
            ),
            # The interpreter has no Express type.
            state_machine_details=details.StateMachineDetails(
                machine.arn, machine.name, StateMachineType.STANDARD, machine.definition
            ),
        )
        ignore: Any = SimpleNamespace(terminated=lambda: None)
        worker = Worker(evaluation, ignore, None, {})
        worker.limit = execution.limit
        return worker

    return _Interpreter(worker, parse)


def _write_body(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Where a service takes bytes, a workflow gives an object: its JSON is sent."""
    for name, shape in model.input_shape.members.items():
        if shape.type_name == "blob" and isinstance(params.get(name), dict | list):
            params[name] = json.dumps(params[name])


def _read_body(parsed: dict[str, Any], **_: Any) -> None:
    """A workflow receives a streamed body as text."""
    for name, value in parsed.items():
        if hasattr(value, "read"):
            parsed[name] = value.read().decode()


def _outcome(env: Any) -> Outcome:
    state, now = env.program_state(), datetime.now(UTC)
    kind = type(state).__name__
    if kind == "ProgramEnded":
        output = json.dumps(env.states.get_input(), ensure_ascii=False, separators=(",", ":"))
        return Outcome(SUCCEEDED, now, output)
    if kind == "ProgramTimedOut":
        return Outcome(TIMED_OUT, now, None, "States.Timeout")
    failure = getattr(state, "error", None) or {}
    return Outcome(FAILED, now, None, failure.get("error"), failure.get("cause"))
