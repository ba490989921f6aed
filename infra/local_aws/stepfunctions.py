"""AWS Step Functions: state machines, Standard and Express, whose Lambda calls run real handlers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from infra.local_aws import interpreter
from infra.local_aws.machines import (
    EXPRESS,
    STANDARD,
    Execution,
    Machine,
    begin,
    check_name,
    express_flaws,
    ordered,
)
from infra.local_aws.nesting import NestingService
from infra.local_aws.options import Options
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError

_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
_PAGE = 100


@dataclass
class StepFunctions:
    options: Options
    machines: dict[str, Machine] = field(default_factory=dict)
    executions: dict[str, Execution] = field(default_factory=dict)

    @property
    def service(self) -> Service:
        return NestingService(
            id="stepfunctions",
            handlers={
                "CreateStateMachine": self.create_state_machine,
                "DescribeStateMachine": self.describe_state_machine,
                "UpdateStateMachine": self.update_state_machine,
                "ListStateMachines": self.list_state_machines,
                "DeleteStateMachine": self.delete_state_machine,
                "StartExecution": self.start_execution,
                "StartSyncExecution": self.start_sync_execution,
                "DescribeExecution": self.describe_execution,
                "ListExecutions": self.list_executions,
                "StopExecution": self.stop_execution,
                "GetExecutionHistory": self.get_execution_history,
            },
            refusals={
                "throttle": ServiceError("ThrottlingException", "Rate exceeded"),
                "error500": ServiceError("InternalServerError", "An internal error occurred"),
                "error503": ServiceError("ServiceUnavailableException", "The service is unavailable"),
            },
        )

    def create_state_machine(self, call: Call) -> Params:
        """Twice with the same name, type, definition and role is once."""
        asked, account = call.params, call.account
        name, kind = asked["name"], asked.get("type", STANDARD)
        check_name(name)
        _check_definition(asked["definition"], kind)
        arn = f"arn:aws:states:{account.region}:{account.id}:stateMachine:{name}"
        settings = {key: asked[key] for key in _SETTINGS if key in asked}
        made = Machine(name, arn, asked["definition"], asked["roleArn"], kind, settings)
        kept = self.machines.setdefault(arn, made)
        if (kept.kind, kept.definition, kept.role) != (made.kind, made.definition, made.role):
            raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        return {"stateMachineArn": arn, "creationDate": kept.created}

    def describe_state_machine(self, call: Call) -> Params:
        machine = self._machine(call)
        told = {"status": "ACTIVE", "definition": machine.definition, "roleArn": machine.role}
        return {**machine.listed, **told, **machine.settings}

    def update_state_machine(self, call: Call) -> Params:
        """An execution that runs goes on by the definition that it began with."""
        machine, asked = self._machine(call), call.params
        if not {"definition", "roleArn", *_SETTINGS} & set(asked):
            told = "Either the definition or the role ARN must be specified"
            raise ServiceError("MissingRequiredParameter", told)
        definition = asked.get("definition", machine.definition)
        _check_definition(definition, machine.kind)
        settings = machine.settings | {key: asked[key] for key in _SETTINGS if key in asked}
        role = asked.get("roleArn", machine.role)
        self.machines[machine.arn] = replace(machine, definition=definition, role=role, settings=settings)
        return {"updateDate": datetime.now(UTC)}

    def list_state_machines(self, call: Call) -> Params:
        machines = sorted(self.machines.values(), key=lambda machine: machine.name)
        return _page([machine.listed for machine in machines], call, "stateMachines")

    def delete_state_machine(self, call: Call) -> Params:
        self.machines.pop(call.params["stateMachineArn"], None)
        return {}

    def start_execution(self, call: Call) -> Params:
        """Asynchronous. A name is once a Standard machine's, but for the same input while it runs."""
        machine = self._machine(call)
        limit = self.options.express_limit if machine.kind == EXPRESS else None
        execution = self._execution(call, machine, limit)
        same = self.executions.setdefault(execution.order.arn, execution)
        if same is execution:
            begin(execution)
        elif same.outcome or same.order.input != execution.order.input:
            told = f"Execution Already Exists: '{same.order.arn}'"
            raise ServiceError("ExecutionAlreadyExists", told)
        return {"executionArn": same.order.arn, "startDate": same.order.started}

    def start_sync_execution(self, call: Call) -> Params:
        """200 also for an execution that failed: `status` says so."""
        machine = self._machine(call)
        if machine.kind != EXPRESS:
            raise _not_supported("state machine", machine.arn)
        execution = self._execution(call, machine, self.options.express_limit)
        execution.running.run()
        return {**execution.told, **execution.data, "billingDetails": execution.billing}

    def describe_execution(self, call: Call) -> Params:
        execution = self._known(call)
        return {**execution.told, **execution.data, "redriveCount": 0}

    def list_executions(self, call: Call) -> Params:
        machine, wanted = self._machine(call), call.params.get("statusFilter")
        if machine.kind == EXPRESS:
            raise _not_supported("state machine", machine.arn)
        told = [one.told for one in self.executions.values() if one.order.machine_arn == machine.arn]
        newest = [one for one in reversed(told) if wanted in (None, one["status"])]
        return _page(newest, call, "executions")

    def stop_execution(self, call: Call) -> Params:
        return {
            "stopDate": self._known(call).running.stop(call.params.get("error"), call.params.get("cause"))
        }

    def get_execution_history(self, call: Call) -> Params:
        events = self._known(call).running.events()
        return _page(events[::-1] if call.params.get("reverseOrder") else events, call, "events")

    def _machine(self, call: Call) -> Machine:
        arn = call.params["stateMachineArn"]
        if not arn.startswith("arn:"):
            raise ServiceError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
        machine = self.machines.get(arn)
        if machine is None:
            raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return machine

    def _execution(self, call: Call, machine: Machine, limit: float | None) -> Execution:
        order = ordered(machine, call.account, call.params, limit)
        running = interpreter.Running(order, call.account)
        return Execution(order, machine.kind, running, call.params.get("traceHeader"))

    def _known(self, call: Call) -> Execution:
        """A Standard machine's: what became of an Express one is in its logs alone."""
        arn = call.params["executionArn"]
        if ":express:" in arn:
            raise _not_supported("execution", arn)
        execution = self.executions.get(arn)
        if execution is None:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return execution


def _check_definition(definition: str, kind: str) -> None:
    try:
        read = json.loads(definition)
    except ValueError as error:
        told = f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'"
        raise ServiceError("InvalidDefinition", told) from error
    found = interpreter.flaws(definition) + (express_flaws(read) if kind == EXPRESS else [])
    if found:
        told = f"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {'; '.join(found)}'"
        raise ServiceError("InvalidDefinition", told)


def _not_supported(what: str, arn: str) -> ServiceError:
    return ServiceError(
        "StateMachineTypeNotSupported", f"This operation is not supported by this type of {what}: '{arn}'"
    )


def _page(all_: list[Params], call: Call, name: str) -> Params:
    told = call.params.get("nextToken", "0")
    if not told.isdecimal() or int(told) > len(all_):
        raise ServiceError("InvalidToken", f"Invalid Token: '{told}'")
    start, size = int(told), call.params.get("maxResults") or _PAGE
    page: Params = {name: all_[start : start + size]}
    return {**page, "nextToken": str(start + size)} if start + size < len(all_) else page
