"""AWS Lambda: Invoke, of handlers in this process."""

from __future__ import annotations

import importlib
import json
import time
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.local_aws.account import LambdaHandler
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError

# Lambda quotas: "Invocation payload (request and response): 6 MB each (synchronous)".
_MAX_BYTES = 6_291_556
_SECONDS = 900


def handlers_of(lambdas: str | Mapping[str, LambdaHandler]) -> Mapping[str, LambdaHandler]:
    """A dotted name is a module's: its FUNCTIONS (handlers by function name). Raises ImportError."""
    if not isinstance(lambdas, str):
        return lambdas
    handlers: Mapping[str, LambdaHandler] = importlib.import_module(lambdas).FUNCTIONS
    return handlers


@dataclass(frozen=True)
class Context:
    """A Lambda handler's second argument."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 1024
    until: float = field(default_factory=lambda: time.monotonic() + _SECONDS)

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        return f"local/[$LATEST]{self.aws_request_id.replace('-', '')}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.until - time.monotonic()) * 1000))


def invoke(call: Call) -> Params:
    """A handler's exception is a response with its class as errorType, which Retry and Catch match."""
    name = _name(call.params["FunctionName"])
    arn = call.account.arn("lambda", f"function:{name}")
    handler = handlers_of(call.account.options.lambdas).get(name)
    if handler is None:
        raise ServiceError("ResourceNotFoundException", f"Function not found: {arn}", {"Type": "User"})
    if (kind := call.params.get("InvocationType", "RequestResponse")) != "RequestResponse":
        message = f"The local AWS invokes only RequestResponse, not {kind}"
        raise ServiceError("InvalidParameterValueException", message)
    payload, failed = _run(handler, _event(call.params.get("Payload") or b"{}"), Context(name, arn))
    if len(payload) > _MAX_BYTES:
        limit = f"exceeded maximum allowed payload size ({_MAX_BYTES} bytes)"
        message = f"Response payload size ({len(payload)} bytes) {limit}."
        failure = {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}
        payload, failed = json.dumps(failure).encode(), True
    output: Params = {"Payload": payload, "ExecutedVersion": "$LATEST"}
    return {**output, "FunctionError": "Unhandled"} if failed else output


def _run(handler: LambdaHandler, event: Any, context: Context) -> tuple[bytes, bool]:
    """The payload, and whether it describes a failure."""
    try:
        return json.dumps(handler(event, context)).encode(), False
    except Exception as error:  # noqa: BLE001 - the Lambda runtime reports any exception of a handler
        failure = {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": context.aws_request_id,
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
        return json.dumps(failure).encode(), True


def _event(payload: bytes) -> Any:
    if len(payload) > _MAX_BYTES:
        message = f"{len(payload)} byte payload is too large (limit {_MAX_BYTES} bytes)"
        raise ServiceError("RequestTooLargeException", message)
    try:
        return json.loads(payload)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise ServiceError("InvalidRequestContentException", message) from error


def _name(function: str) -> str:
    """Of a function's name, its ARN or a partial ARN, with or without a qualifier."""
    parts = function.split(":")
    return parts[parts.index("function") + 1] if "function" in parts else parts[0]


SERVICE = Service(
    id="lambda",
    handlers={"Invoke": invoke},
    refusals={
        "throttle": ServiceError(
            "TooManyRequestsException",
            "Rate Exceeded.",
            {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"},
        ),
        "error500": ServiceError("ServiceException", "The service encountered an internal error."),
        "error503": ServiceError("ServiceUnavailableException", "Service is unavailable.", {}, 503),
    },
    invalid="InvalidParameterValueException",
)
