"""AWS Lambda: Invoke, of handlers in this process. Anything else of Lambda is moto's, which runs no code."""

from __future__ import annotations

import importlib
import json
import time
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.local_aws.account import Account
from infra.local_aws.nesting import NestingService
from infra.local_aws.options import LambdaHandler, Options
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError

# Lambda quotas: "Invocation payload (request and response): 6 MB each (synchronous)".
_MOST_BYTES = 6_291_556
_SECONDS = 900
_MEMORY_MB = 1024


def functions_of(lambdas: str | Mapping[str, LambdaHandler]) -> Mapping[str, LambdaHandler]:
    """A dotted name means a module: its FUNCTIONS (handlers by function name), else its callables by name."""
    if not isinstance(lambdas, str):
        return lambdas
    module = importlib.import_module(lambdas)
    named = getattr(module, "FUNCTIONS", None)
    if named is not None:
        return dict(named)
    return {name: told for name, told in vars(module).items() if callable(told) and not name.startswith("_")}


@dataclass(frozen=True)
class Context:
    """What a Lambda handler gets as its second argument."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = _MEMORY_MB
    until: float = field(default_factory=lambda: time.monotonic() + _SECONDS)

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        return f"local/[$LATEST]{self.aws_request_id.replace('-', '')}"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.until - time.monotonic()) * 1000))


@dataclass
class Functions:
    options: Options

    def __post_init__(self) -> None:
        """A module that is not there is told of at once. Raises ImportError."""
        functions_of(self.options.lambdas)

    @property
    def handlers(self) -> Mapping[str, LambdaHandler]:
        return functions_of(self.options.lambdas)

    @property
    def service(self) -> Service:
        return NestingService(
            id="lambda",
            handlers={"Invoke": self.invoke},
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

    def invoke(self, call: Call) -> Params:
        """An exception of the handler is an answer, with its class as errorType: Retry and Catch go by it."""
        name = _name(call.params["FunctionName"])
        handler = self.handlers.get(name)
        if handler is None:
            told = f"Function not found: {_arn(call.account, name)}"
            raise ServiceError("ResourceNotFoundException", told, {"Type": "User"})
        kind = call.params.get("InvocationType", "RequestResponse")
        if kind != "RequestResponse":
            raise ServiceError(
                "InvalidParameterValueException", f"The local AWS invokes only RequestResponse, not {kind}"
            )
        event = _event(call.params.get("Payload") or b"{}")
        answer, failed = _run(handler, event, Context(name, _arn(call.account, name)))
        if len(answer) > _MOST_BYTES:
            answer, failed = _too_large(len(answer)), True
        output: Params = {"Payload": answer, "ExecutedVersion": "$LATEST"}
        return {**output, "FunctionError": "Unhandled"} if failed else output


def _run(handler: LambdaHandler, event: Any, context: Context) -> tuple[bytes, bool]:
    """The payload, and whether it tells of a failure."""
    try:
        made = handler(event, context)
    except Exception as error:  # noqa: BLE001 - the Lambda runtime reports whatever its handler raises
        return _failure(
            type(error).__name__, str(error), context, traceback.format_tb(error.__traceback__)
        ), True
    try:
        return json.dumps(made).encode(), False
    except (TypeError, ValueError) as error:
        told = f"Unable to marshal response: {error}"
        return _failure("Runtime.MarshalError", told, context, []), True


def _failure(kind: str, message: str, context: Context, stack: list[str]) -> bytes:
    told = {"errorMessage": message, "errorType": kind, "requestId": context.aws_request_id}
    return json.dumps({**told, "stackTrace": stack}).encode()


def _too_large(size: int) -> bytes:
    told = (
        f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({_MOST_BYTES} bytes)."
    )
    return json.dumps({"errorMessage": told, "errorType": "Function.ResponseSizeTooLarge"}).encode()


def _event(payload: bytes) -> Any:
    if len(payload) > _MOST_BYTES:
        told = f"{len(payload)} byte payload is too large (limit {_MOST_BYTES} bytes)"
        raise ServiceError("RequestTooLargeException", told)
    try:
        return json.loads(payload)
    except ValueError as error:
        told = f"Could not parse request body into json: {error}"
        raise ServiceError("InvalidRequestContentException", told) from error


def _name(asked: str) -> str:
    """A function's name, its ARN or a partial ARN, with a qualifier or without."""
    parts = asked.split(":")
    return parts[parts.index("function") + 1] if "function" in parts else parts[0]


def _arn(account: Account, name: str) -> str:
    return f"arn:aws:lambda:{account.region}:{account.id}:function:{name}"
