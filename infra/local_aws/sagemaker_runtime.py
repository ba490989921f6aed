"""SageMaker runtime: InvokeEndpoint and InvokeEndpointWithResponseStream, for endpoints that exist."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.local_aws.account import ACCOUNT_ID, REGION
from infra.local_aws.authorization import Need
from infra.local_aws.containers import InputError, Output, container_of
from infra.local_aws.event_stream import exception_frame, payload_parts
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError
from pipeline.errors import StoriesError

_MAX_BYTES = 6_291_456
_JSON = "application/json"
_VARIANT = "AllTraffic"


def invoke_endpoint(call: Call) -> Params:
    invocation = _invoke(call)
    try:
        body = b"".join(invocation.output.pieces)
    except StoriesError as error:
        raise _model_error(call, 500, str(error)) from error
    return {
        "Body": body,
        "ContentType": invocation.output.media,
        "InvokedProductionVariant": invocation.variant,
    }


def invoke_endpoint_with_response_stream(call: Call) -> Params:
    invocation = _invoke(call)
    return {
        "Body": _frames(invocation.output),
        "ContentType": invocation.output.media,
        "InvokedProductionVariant": invocation.variant,
    }


@dataclass(frozen=True)
class _Invocation:
    output: Output
    variant: str


def _invoke(call: Call) -> _Invocation:
    name, body = call.params["EndpointName"], call.params["Body"]
    if len(body) > _MAX_BYTES:
        raise ServiceError(
            "ValidationError", f"Request of {len(body)} bytes is over the limit of {_MAX_BYTES} bytes"
        )
    endpoint = call.account.endpoint(name)
    if endpoint is None:
        raise ServiceError("ValidationError", f"Endpoint {name} of account {call.account.id} not found.")
    variants = [variant["VariantName"] for variant in endpoint.get("ProductionVariants", [])] or [_VARIANT]
    variant = call.params.get("TargetVariant", variants[0])
    if variant not in variants:
        raise ServiceError("ValidationError", f"Variant {variant} of endpoint {name} not found.")
    try:
        output = container_of(name, variant)(_read(call, body), call.account.backing.text)
    except InputError as error:
        raise _model_error(call, 422, error.body) from error
    except StoriesError as error:
        raise _model_error(call, 500, str(error)) from error
    return _Invocation(output, variant)


def _needs(call: Call) -> list[Need]:
    """A stream needs both actions: one by SageMaker's API reference, the other by IAM's."""
    account, component = call.account, call.params.get("InferenceComponentName")
    resources = [account.arn("sagemaker", f"endpoint/{call.params['EndpointName'].lower()}")]
    if component:
        resources.append(account.arn("sagemaker", f"inference-component/{component}"))
    actions = dict.fromkeys(("InvokeEndpoint", call.operation))
    return [(f"sagemaker:{action}", resource) for action in actions for resource in resources]


def _read(call: Call, body: bytes) -> dict[str, Any]:
    if call.params.get("ContentType", _JSON).partition(";")[0] != _JSON:
        raise _model_error(call, 415, "Expected request with `Content-Type: application/json`")
    try:
        content = json.loads(body)
    except ValueError as error:
        raise _model_error(call, 400, "Failed to parse the request body as JSON") from error
    if not isinstance(content, dict):
        raise _model_error(call, 422, "Failed to deserialize the JSON body into the target type")
    return content


def _frames(output: Output) -> Iterator[bytes]:
    try:
        yield from payload_parts(output.pieces)
    except StoriesError as error:
        yield exception_frame("ModelStreamError", {"Message": str(error), "ErrorCode": "StreamBroken"})


def _model_error(call: Call, status: int, message: str) -> ServiceError:
    name, account = call.params["EndpointName"], call.account
    kind = "client" if status < 500 else "server"
    logs = f"arn:aws:logs:{account.region}:{account.id}:log-group:/aws/sagemaker/Endpoints/{name}"
    return ServiceError(
        "ModelError",
        f'Received {kind} error ({status}) from primary with message "{message}". See the CloudWatch logs of '
        f"/aws/sagemaker/Endpoints/{name} in account {account.id} for more information.",
        {"OriginalStatusCode": status, "OriginalMessage": message, "LogStreamArn": logs},
    )


SERVICE = Service(
    id="sagemaker-runtime",
    handlers={
        "InvokeEndpoint": invoke_endpoint,
        "InvokeEndpointWithResponseStream": invoke_endpoint_with_response_stream,
    },
    refusals={
        "throttle": ServiceError("ThrottlingException", "Rate exceeded"),
        "error500": ServiceError("InternalFailure", "An internal failure occurred"),
        "error503": ServiceError("ServiceUnavailable", "The service is unavailable. Try your call again"),
        "model_error": ServiceError(
            "ModelError",
            'Received server error (500) from primary with message "CUDA out of memory".',
            {
                "OriginalStatusCode": 500,
                "OriginalMessage": "CUDA out of memory",
                "LogStreamArn": f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/sagemaker/Endpoints/any",
            },
        ),
        "overloaded": ServiceError(
            "ModelError",
            'Received client error (429) from primary with message "Model is overloaded".',
            {
                "OriginalStatusCode": 429,
                "OriginalMessage": "Model is overloaded",
                "LogStreamArn": f"arn:aws:logs:{REGION}:{ACCOUNT_ID}:log-group:/aws/sagemaker/Endpoints/any",
            },
        ),
        "model_not_ready": ServiceError(
            "ModelNotReadyException",
            "Either a serverless variant's or a multi-model endpoint's model is not ready",
        ),
    },
    invalid="ValidationError",
    unbounded=frozenset({"Body"}),
    needs=_needs,
    over="overloaded",
)
