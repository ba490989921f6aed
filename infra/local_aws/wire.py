"""A service's wire protocol, read from botocore's model of it: JSON 1.0 and 1.1, and REST JSON.

The model supplies a request's operation and parameters, a response's headers and body, an error's name,
status and members; a service adds only its operations.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

import botocore.session
from botocore.model import OperationModel, ServiceModel, StructureShape
from starlette.responses import Response, StreamingResponse

Params = dict[str, Any]

# Status of errors that any service may return and no model names (AWS General Reference, "Common errors").
_COMMON = {
    "ThrottlingException": 400,
    "ValidationException": 400,
    "SerializationException": 400,
    "UnknownOperationException": 404,
    "MissingAuthenticationTokenException": 403,
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
    "AccessDeniedException": 403,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "ServiceUnavailableException": 503,
}
_EVENT_STREAM = "application/vnd.amazon.eventstream"
_CONVERT: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "long": int,
    "float": float,
    "boolean": lambda text: text == "true",
}


@dataclass
class ServiceError(Exception):
    """A service's error response. code: the error's name in the service's model, or a common one."""

    code: str
    message: str
    members: Mapping[str, Any] = field(default_factory=dict)
    status: int | None = None


@dataclass(frozen=True)
class Request:
    """As received. path: percent-encoded. headers: by lower-case names."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Wire:
    """One service's protocol."""

    model: ServiceModel

    @classmethod
    def of(cls, service: str) -> Wire:
        """service: botocore's name ("sagemaker-runtime")."""
        return cls(_model(service))

    @property
    def rest(self) -> bool:
        return bool(self.model.resolved_protocol == "rest-json")

    def route(self, request: Request) -> tuple[OperationModel, dict[str, str]] | None:
        """The operation and its path's parameters; None for an unknown operation."""
        if not self.rest:
            prefix, _, name = request.headers.get("x-amz-target", "").partition(".")
            known = prefix == self.model.metadata["targetPrefix"] and name in self.model.operation_names
            return (self.model.operation_model(name), {}) if known else None
        for name in self.model.operation_names:
            operation = self.model.operation_model(name)
            pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", r"(?P<\1>[^/]+)", re.escape(operation.http["requestUri"]))
            match = re.fullmatch(pattern, request.path)
            if operation.http["method"] == request.method and match:
                return operation, {key: unquote(value) for key, value in match.groupdict().items()}
        return None

    def read(self, operation: OperationModel, request: Request, path_params: dict[str, str]) -> Params:
        """The parameters, by the model's names. Raises ServiceError."""
        shape = operation.input_shape
        if shape is None:
            return {}
        payload = shape.serialization.get("payload")
        params: Params = {payload: request.body} if payload else _json(request.body)
        query = parse_qs(request.query, keep_blank_values=True)
        for name, member in shape.members.items():
            location, key = member.serialization.get("location"), member.serialization.get("name", name)
            if location == "uri":
                params[name] = path_params[key]
            elif location == "querystring" and key in query:
                params[name] = _converted(member.type_name, query[key])
            elif location == "header" and key.lower() in request.headers:
                params[name] = request.headers[key.lower()]
            elif location is None and key != name and key in params:
                params[name] = params.pop(key)
        return params

    def write(self, operation: OperationModel, output: Params, request_id: str) -> Response:
        """output: the members; a streamed one is bytes, or an iterator of event-stream frames."""
        shape = operation.output_shape
        headers = {"x-amzn-requestid": request_id, "content-type": self._media_type()}
        body: Any = dict(output)
        for name, member in shape.members.items() if shape is not None else ():
            if member.serialization.get("location") == "header" and name in body:
                headers[member.serialization["name"].lower()] = str(body.pop(name))
        status = operation.http.get("responseCode", 200)
        payload = shape.serialization.get("payload") if shape is not None else None
        if payload is None:
            return Response(dumps(body), status, headers)
        if isinstance(body[payload], Iterator):
            return StreamingResponse(body[payload], status, {**headers, "content-type": _EVENT_STREAM})
        return Response(body[payload], status, headers)

    def refuse(self, refusal: ServiceError, request_id: str) -> Response:
        """The error in the service's own format."""
        shape = self.model.shape_for_error_code(refusal.code)
        status = refusal.status or self._status(refusal.code, shape)
        members = shape.members if shape else ["message"]
        key = next((name for name in members if name.lower() == "message"), "Message")
        body = {key: refusal.message, **refusal.members}
        headers = {"x-amzn-requestid": request_id, "content-type": self._media_type()}
        if self.rest:
            headers["x-amzn-errortype"] = refusal.code
        else:
            body["__type"] = refusal.code
        return Response(dumps(body), status, headers)

    def _status(self, code: str, shape: StructureShape | None) -> int:
        if shape is not None:
            return int(shape.metadata.get("error", {}).get("httpStatusCode", 400))
        return _COMMON.get(code, 400) if self.rest or _COMMON.get(code, 400) >= 500 else 400

    def _media_type(self) -> str:
        return (
            "application/json"
            if self.rest
            else f"application/x-amz-json-{self.model.metadata['jsonVersion']}"
        )


@cache  # SageMaker's takes half a second to read
def _model(service: str) -> ServiceModel:
    return botocore.session.Session().get_service_model(service)


def dumps(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, default=_plain).encode()


def violations(
    shape: StructureShape | None, params: Params, unbounded: frozenset[str] = frozenset()
) -> list[str]:
    """Where parameters violate the model: missing ones, unknown values, lengths.

    unbounded: members whose maximal length the handler checks, with an error of its own.
    """
    errors: list[str] = []
    for name in shape.required_members if shape is not None else ():
        if name not in params:
            errors.append(_violation(None, name, "Member must not be null"))
    for name, member in shape.members.items() if shape is not None else ():
        if name in params:
            errors += _member_violations(name, member, params[name], name in unbounded)
    return errors


def _member_violations(name: str, member: Any, value: Any, unbounded: bool = False) -> list[str]:
    if member.type_name == "structure" and isinstance(value, dict):
        return violations(member, value)
    if member.type_name == "list" and isinstance(value, list):
        return [error for item in value for error in _member_violations(name, member.member, item)]
    if member.type_name != "string":
        return []
    if not isinstance(value, str):
        return [_violation(value, name, "Member must be a string")]
    if member.enum and value not in member.enum:
        return [_violation(value, name, f"Member must satisfy enum value set: [{', '.join(member.enum)}]")]
    least, most = member.metadata.get("min", 0), member.metadata.get("max", len(value))
    if len(value) < least:
        return [_violation(value, name, f"Member must have length greater than or equal to {least}")]
    if len(value) > most and not unbounded:
        return [_violation(value, name, f"Member must have length less than or equal to {most}")]
    return []


def _violation(value: Any, name: str, constraint: str) -> str:
    at = name[:1].lower() + name[1:]
    text = "null" if value is None else str(value)[:200]
    return f"Value '{text}' at '{at}' failed to satisfy constraint: {constraint}"


def _json(body: bytes) -> Params:
    try:
        params = json.loads(body or b"{}")
    except ValueError as error:
        raise ServiceError("SerializationException", "Unable to parse the request body as JSON") from error
    if not isinstance(params, dict):
        raise ServiceError("SerializationException", "The request body is not a JSON object")
    return params


def _converted(kind: str, values: list[str]) -> Any:
    return values if kind == "list" else _CONVERT.get(kind, str)(values[0])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot be part of a response")
