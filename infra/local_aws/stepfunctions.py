"""AWS Step Functions: Express workflows only, whose Lambda calls run real handlers."""

from __future__ import annotations

import json
import re
import threading
import uuid
from datetime import UTC, datetime
from typing import Any

from infra.local_aws import interpreter
from infra.local_aws.authorization import ALL, Need
from infra.local_aws.interpreter import Execution, Machine
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError

_EXPRESS = "EXPRESS"
# "256 KiB of data as a UTF-8 encoded string" (Step Functions quotas).
_MAX_BYTES = 262_144
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
# Express cannot wait for a token or for a job's end (Step Functions, "Service integration patterns").
_NOT_EXPRESS = (".waitForTaskToken", ".sync", ".sync:2")
_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")


def create_state_machine(call: Call) -> Params:
    """A second call with the same name, definition and role changes nothing."""
    params, account = call.params, call.account
    name, definition = params["name"], params["definition"]
    if params.get("type") != _EXPRESS:
        raise ServiceError(
            "ValidationException", "The local AWS has Express workflows only: set the type EXPRESS"
        )
    _check_name(name)
    _check_definition(definition)
    arn = account.arn("states", f"stateMachine:{name}")
    settings = {key: params[key] for key in _SETTINGS if key in params}
    machine = Machine(name, arn, definition, params["roleArn"], settings)
    kept = account.machines.setdefault(arn, machine)
    if (kept.definition, kept.role) != (definition, machine.role):
        raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
    return {"stateMachineArn": arn, "creationDate": kept.created}


def describe_state_machine(call: Call) -> Params:
    machine = _machine(call)
    details = {"status": "ACTIVE", "definition": machine.definition, "roleArn": machine.role}
    return {**_summary(machine), **details, **machine.settings}


def list_state_machines(call: Call) -> Params:
    return {"stateMachines": [_summary(machine) for machine in call.account.machines.values()]}


def start_execution(call: Call) -> Params:
    """Asynchronous: AWS describes no Express execution afterwards, either."""
    execution = _execution(call)
    threading.Thread(target=interpreter.run, args=[execution, call.account], daemon=True).start()
    return {"executionArn": execution.arn, "startDate": execution.started}


def start_sync_execution(call: Call) -> Params:
    """HTTP 200 for a failed execution too: `status` tells."""
    execution = _execution(call)
    outcome = interpreter.run(execution, call.account)
    took = int((outcome.stopped - execution.started).total_seconds() * 1000)
    response = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine.arn,
        "name": execution.name,
        "startDate": execution.started,
        "stopDate": outcome.stopped,
        "status": outcome.status,
        "input": execution.input,
        "inputDetails": {"included": True},
        "traceHeader": call.params.get("traceHeader"),
        "output": outcome.output,
        "error": outcome.error,
        "cause": outcome.cause,
        # Express is billed by memory in chunks of 64 MB and by duration in units of 100 ms.
        "billingDetails": {
            "billedMemoryUsedInMB": 64,
            "billedDurationInMilliseconds": max(100, -(-took // 100) * 100),
        },
    }
    return {name: value for name, value in response.items() if value is not None}


def _summary(machine: Machine) -> Params:
    summary = {"name": machine.name, "stateMachineArn": machine.arn, "type": _EXPRESS}
    return {**summary, "creationDate": machine.created}


def _machine(call: Call) -> Machine:
    arn = call.params["stateMachineArn"]
    if not arn.startswith("arn:"):
        raise ServiceError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    machine: Machine | None = call.account.machines.get(arn)
    if machine is None:
        raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return machine


def _execution(call: Call) -> Execution:
    machine, name = _machine(call), call.params.get("name") or str(uuid.uuid4())
    text = call.params.get("input", "{}")
    _check_name(name)
    _check_input(text)
    arn = call.account.arn("states", f"express:{machine.name}:{name}:{uuid.uuid4()}")
    return Execution(arn, name, machine, text, datetime.now(UTC), call.account.options.express_limit)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ServiceError("InvalidName", f"Invalid Name: '{name}'")


def _check_input(text: str) -> None:
    size = len(text.encode())
    if size > _MAX_BYTES:
        raise ServiceError(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MAX_BYTES} (it has {size} bytes)",
        )
    try:
        json.loads(text)
    except ValueError as error:
        message = f"Invalid State Machine Execution Input: '{error}'"
        raise ServiceError("InvalidExecutionInput", message) from error


def _check_definition(definition: str) -> None:
    try:
        states = json.loads(definition)
    except ValueError as error:
        message = f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'"
        raise ServiceError("InvalidDefinition", message) from error
    if errors := interpreter.syntax_errors(definition) + _not_express(states):
        message = f"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {'; '.join(errors)}'"
        raise ServiceError("InvalidDefinition", message)


def _not_express(definition: Any) -> list[str]:
    """The resources that an Express workflow may not have, at any depth."""
    if isinstance(definition, list):
        return [error for item in definition for error in _not_express(item)]
    if not isinstance(definition, dict):
        return []
    resource = str(definition.get("Resource", ""))
    errors = _not_express(list(definition.values()))
    if resource.endswith(_NOT_EXPRESS):
        errors.append(f"The resource '{resource}' is not supported by Express workflows")
    return errors


def _needs(call: Call) -> list[Need]:
    return [(f"states:{call.operation}", call.params.get("stateMachineArn", ALL))]


SERVICE = Service(
    id="stepfunctions",
    handlers={
        "CreateStateMachine": create_state_machine,
        "DescribeStateMachine": describe_state_machine,
        "ListStateMachines": list_state_machines,
        "StartExecution": start_execution,
        "StartSyncExecution": start_sync_execution,
    },
    needs=_needs,
    refusals={
        "throttle": ServiceError("ThrottlingException", "Rate exceeded"),
        "error500": ServiceError("InternalServerError", "An internal error occurred"),
        "error503": ServiceError("ServiceUnavailableException", "The service is unavailable"),
    },
)
