"""Runs a state machine by moto's interpreter of the Amazon States Language, in this process.

moto's own way in (mock_aws) patches botocore for the whole process, and would catch the calls of the
handlers and of the tests. The interpreter itself does not need it: it gets its clients from one function,
which is given the account's here. They are unpatched boto3 clients, and speak HTTP to the local AWS.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

from infra.local_aws.account import ACCESS_KEY, SECRET_KEY, Account

SUCCEEDED, FAILED, TIMED_OUT, ABORTED = "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"
# Wildcards, descents, filters, slices and unions of a JSONPath.
_MANY = re.compile(r"\*|\.\.|\?|\[[^\]'\"]*[:,]")
_TASK_SECONDS = 910  # a client waits a little longer than a Lambda function may take (15 minutes)


@dataclass(frozen=True)
class Outcome:
    """output: JSON, of an execution that succeeded. error, cause: of one that did not."""

    status: str
    stopped: datetime
    output: str | None = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True)
class Order:
    """An execution as it is asked for. limit: seconds, None for no other than the machine's own."""

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    definition: str
    role: str
    input: str
    started: datetime
    limit: float | None = None


class Running:
    """One execution. run() takes as long as it takes; stop() may come from another thread."""

    def __init__(self, order: Order, account: Account) -> None:
        self._order = order
        self._account = account
        self._over = threading.Event()
        self._worker: Any = None
        self._outcome: Outcome | None = None

    def run(self) -> Outcome:
        lend_clients(self._account)
        self._worker = _interpreter().worker(self._order, self._account)
        self._worker.start()
        outcome = _outcome(self._worker.env.program_state(), self._worker.env)
        self._outcome = self._outcome or outcome
        self._over.set()
        return self._outcome

    @property
    def outcome(self) -> Outcome | None:
        return self._outcome

    def stop(self, error: str | None, cause: str | None) -> datetime:
        """ABORTED at once; a task that runs is not waited for."""
        now = datetime.now(UTC)
        if self._outcome is None:
            self._outcome = Outcome(ABORTED, now, None, error, cause)
            if self._worker is not None and self._worker.env is not None:
                self._worker.stop(stop_date=now, error=error, cause=cause)
        return self._outcome.stopped

    def events(self) -> list[dict[str, Any]]:
        env = self._worker.env if self._worker is not None else None
        return list(env.event_manager.get_event_history()) if env is not None else []


def flaws(definition: str) -> list[str]:
    """What the interpreter cannot read in a definition."""
    try:
        _interpreter().parse(definition)
    except Exception as error:  # noqa: BLE001 - whatever its parser stumbles over is a flaw of the definition
        return [str(error) or type(error).__name__]
    return []


def lend_clients(account: Account) -> None:
    """The account's clients for the interpreter's calls from now on. Kept: to make one takes 0.1 s."""
    import boto3
    from moto.stepfunctions.parser.asl.utils import boto_client as module

    boto_client: Any = module
    if getattr(boto_client.boto3, "account", None) is account:
        return
    session = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=account.region)
    # A workflow's name of a service is without hyphens ("aws-sdk:sagemakerruntime").
    names = {name.replace("-", ""): name for name in session.get_available_services()}
    made: dict[str, Any] = {}
    lock = threading.Lock()

    def client(service_name: str, config: Any, **_: Any) -> Any:
        name = names.get(service_name, service_name)
        with lock:
            if name not in made:
                config.read_timeout, config.connect_timeout = _TASK_SECONDS, 10
                config.inject_host_prefix = False
                made[name] = session.client(name, endpoint_url=account.url(name), config=config)
                if name != "lambda":  # whose payloads the interpreter reads and writes itself
                    made[name].meta.events.register("before-parameter-build", _write_body)
                    made[name].meta.events.register("after-call", _read_body)
            return made[name]

    boto_client.boto3 = SimpleNamespace(client=client, account=account)


@dataclass(frozen=True)
class _Interpreter:
    worker: Callable[[Order, Account], Any]
    parse: Callable[[str], Any]


@cache
def _interpreter() -> _Interpreter:
    """moto's, imported at first use (a second): few tests need it."""
    from moto.stepfunctions.parser.api import StateMachineType
    from moto.stepfunctions.parser.asl.eval import evaluation_details as details
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
    from moto.stepfunctions.parser.asl.utils import json_path
    from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker

    lock = threading.Lock()
    # A failed execution is an answer; the interpreter would dump its whole state to stderr besides.
    logging.getLogger("moto.stepfunctions.parser").setLevel(logging.CRITICAL)
    # A path that can have one match has one value, in the service; moto gives "$.a[0].b" as a list.
    json_path._is_singleton_array_access = _is_definite

    def parse(definition: str) -> Any:
        with lock:  # its parser's tables are the class's, filled as it reads
            return AmazonStateLanguageParser.parse(definition)[0]

    class Worker(SyncExecutionWorker):
        limit: float | None = None

        def _get_evaluation_entrypoint(self) -> Any:
            program = parse(self._evaluation_details.state_machine_details.definition)
            told = program.timeout_seconds.timeout_seconds if program.timeout_seconds else None
            least = min((one for one in (told, self.limit) if one is not None), default=None)
            program.timeout_seconds = None if least is None else SimpleNamespace(timeout_seconds=least)
            return program

    def worker(order: Order, account: Account) -> Any:
        told = details.EvaluationDetails(
            aws_execution_details=details.AWSExecutionDetails(account.id, account.region, order.role),
            execution_details=details.ExecutionDetails(
                order.arn, order.name, order.role, json.loads(order.input), order.started.isoformat()
            ),
            # Its own kind of machine for all: it has no Express.
            state_machine_details=details.StateMachineDetails(
                order.machine_arn, order.machine_name, StateMachineType.STANDARD, order.definition
            ),
        )
        unheard: Any = SimpleNamespace(terminated=lambda: None)  # Running reads the state itself
        made = Worker(told, unheard, None, {})
        made.limit = order.limit
        return made

    return _Interpreter(worker, parse)


def _is_definite(path: str) -> bool:
    return _MANY.search(path) is None


def _write_body(params: dict[str, Any], model: Any, **_: Any) -> None:
    """A workflow gives an object where a service takes bytes: they are its JSON."""
    for name, shape in model.input_shape.members.items():
        if shape.type_name == "blob" and isinstance(params.get(name), dict | list):
            params[name] = json.dumps(params[name])


def _read_body(parsed: dict[str, Any], **_: Any) -> None:
    """A workflow gets a streamed body as text."""
    for name, value in parsed.items():
        if hasattr(value, "read"):
            parsed[name] = value.read().decode()


def _outcome(state: Any, env: Any) -> Outcome:
    now = datetime.now(UTC)
    kind = type(state).__name__
    if kind == "ProgramEnded":
        output = json.dumps(env.states.get_input(), ensure_ascii=False, separators=(",", ":"))
        return Outcome(SUCCEEDED, now, output)
    if kind == "ProgramTimedOut":
        return Outcome(TIMED_OUT, now, None, "States.Timeout")
    if kind == "ProgramStopped":
        return Outcome(ABORTED, now, None, state.error, state.cause)
    told = getattr(state, "error", None) or {}
    return Outcome(FAILED, now, None, told.get("error"), told.get("cause"))
