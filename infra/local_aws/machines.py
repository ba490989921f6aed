"""State machines and their executions, as Step Functions keeps them."""

from __future__ import annotations

import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.local_aws.account import Account
from infra.local_aws.interpreter import Order, Outcome, Running
from infra.local_aws.wire import Params, ServiceError

EXPRESS, STANDARD = "EXPRESS", "STANDARD"
# "256 KiB of data as a UTF-8 encoded string" (Step Functions quotas): of input and of output.
MOST_BYTES = 262_144
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
# Express can neither wait for a token nor for a job's end (Step Functions, "Service integration patterns").
_NOT_EXPRESS = (".waitForTaskToken", ".sync", ".sync:2")


@dataclass
class Machine:
    name: str
    arn: str
    definition: str
    role: str
    kind: str
    settings: Params
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def listed(self) -> Params:
        told = {"name": self.name, "stateMachineArn": self.arn, "type": self.kind}
        return {**told, "creationDate": self.created}


@dataclass
class Execution:
    """An outcome is None as long as it runs. trace: the caller's X-Ray header."""

    order: Order
    kind: str
    running: Running
    trace: str | None = None

    @property
    def outcome(self) -> Outcome | None:
        return self.running.outcome

    @property
    def told(self) -> Params:
        """What DescribeExecution, ListExecutions and StartSyncExecution have in common."""
        order, outcome = self.order, self.outcome
        told = {
            "executionArn": order.arn,
            "stateMachineArn": order.machine_arn,
            "name": order.name,
            "startDate": order.started,
            "status": outcome.status if outcome else "RUNNING",
        }
        return {**told, "stopDate": outcome.stopped} if outcome else told

    @property
    def data(self) -> Params:
        """Its input, and its output or its error."""
        told: Params = {"input": self.order.input, "inputDetails": {"included": True}}
        if self.trace:
            told["traceHeader"] = self.trace
        if outcome := self.outcome:
            found = {"output": outcome.output, "error": outcome.error, "cause": outcome.cause}
            told |= {name: value for name, value in found.items() if value is not None}
            if outcome.output is not None:
                told["outputDetails"] = {"included": True}
        return told

    @property
    def billing(self) -> Params:
        """Express is billed by memory in chunks of 64 MB and by duration in units of 100 ms."""
        assert self.outcome is not None
        took = (self.outcome.stopped - self.order.started).total_seconds() * 1000
        return {
            "billedMemoryUsedInMB": 64,
            "billedDurationInMilliseconds": max(100, -(-int(took) // 100) * 100),
        }


def ordered(machine: Machine, account: Account, asked: Params, limit: float | None) -> Order:
    """An execution of the machine as it is now. Raises ServiceError."""
    name = asked.get("name") or str(uuid.uuid4())
    check_name(name)
    told = asked.get("input", "{}")
    check_input(told)
    kind, more = ("express", f":{uuid.uuid4()}") if machine.kind == EXPRESS else ("execution", "")
    return Order(
        arn=f"arn:aws:states:{account.region}:{account.id}:{kind}:{machine.name}:{name}{more}",
        name=name,
        machine_arn=machine.arn,
        machine_name=machine.name,
        definition=machine.definition,
        role=machine.role,
        input=told,
        started=datetime.now(UTC),
        limit=limit,
    )


def begin(execution: Execution) -> None:
    threading.Thread(target=execution.running.run, daemon=True).start()


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ServiceError("InvalidName", f"Invalid Name: '{name}'")


def check_input(told: str) -> None:
    size = len(told.encode())
    if size > MOST_BYTES:
        raise ServiceError(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MOST_BYTES} (it has {size} bytes)",
        )
    try:
        json.loads(told)
    except ValueError as error:
        raise ServiceError(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
        ) from error


def express_flaws(definition: Any) -> list[str]:
    """The resources that an Express workflow may not have."""
    found: list[str] = []
    if isinstance(definition, dict):
        resource = definition.get("Resource")
        if isinstance(resource, str) and resource.endswith(_NOT_EXPRESS):
            found.append(f"The resource '{resource}' is not supported by Express workflows")
    parts = definition.values() if isinstance(definition, dict) else definition
    if isinstance(definition, dict | list):
        for part in parts:
            found += express_flaws(part)
    return found
