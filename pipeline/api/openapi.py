"""The OpenAPI document, from the routes and the responses that they document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from pipeline.api import models
from pipeline.api.responses import JSON, PROBLEM

_TITLE = "mvp-stories"
_VERSION = "1.0.0"
_DESCRIPTION = """From one line of context to a children's story that a family hears in its own language.
`POST /` answers with the story, or with 202 and where to follow it. `POST /stories` answers at once."""
_PROBLEMS = {
    400: "The request is malformed, or cannot be fulfilled; `type` and `detail` say why",
    500: "Something is wrong here",
    503: "Not available now: ask again after Retry-After seconds",
}
_PROBLEMS_OF_POST = {
    413: "More than 16 kB",
    415: "Not application/json",
    422: "Not for a children's story, or an Idempotency-Key that was sent with another request",
    429: "Too many stories are being made: ask again after Retry-After seconds",
    502: "The story could not be made",
}
_PROBLEMS_OF_PUT = {413: "More than 16 kB", 415: "Not application/json", 422: "Not possible for this story"}
_PROBLEMS_OF_GROWN_UPS = {
    403: "A grown-up is needed: `type` says how",
    429: "The PIN was wrong too often, or the story is being made: after Retry-After seconds",
}
_GUARDED = {
    ("DELETE", "/stories/<story_id>"),
    ("PUT", "/stories/<story_id>/<locale>/published"),
    ("POST", "/stories/<story_id>/edits"),
    ("POST", "/stories/<story_id>/undo"),
    ("PUT", "/pin"),
}
NO_CONTENT = 204
_PROBLEMS_OF_VOICES = {404: "There is nothing at this address", 502: "The voice could not speak"}


def documented(method: str, path: str, responses: Mapping[int, tuple[Any, str]]) -> dict[int, Any]:
    """A route's responses and problems, as Powertools takes them.

    responses: by status, the model, or the media type of what is no JSON; and the meaning.
    """
    problems = {**_PROBLEMS, **(_PROBLEMS_OF_POST if method == "POST" else {})}
    if method == "PUT":
        problems |= _PROBLEMS_OF_PUT
    if path == "/shelf":
        problems[404] = "There is no shelf for this caller"
    if "<story_id>" in path:
        problems[404] = "There is no such story"
    if path == "/push":
        problems[404] = "Nothing is pushed here: poll instead"
    if "<voice>" in path or path.endswith("/name"):
        problems |= _PROBLEMS_OF_VOICES
    if (method, path) in _GUARDED:
        problems |= _PROBLEMS_OF_GROWN_UPS
    documents: dict[int, Any] = {
        code: {"description": meaning} | ({} if code == NO_CONTENT else {"content": _content(model)})
        for code, (model, meaning) in responses.items()
    }
    for code, meaning in problems.items():
        content = {PROBLEM: {"model": models.ProblemView}}
        documents[code] = {"description": meaning, "content": content}
    return documents


def _content(model: Any) -> dict[str, Any]:
    if isinstance(model, str):
        return {model: {"schema": {"type": "string"}}}
    return {JSON: {"model": model} if model else {"schema": {"type": "object"}}}


def document(resolver: APIGatewayRestResolver) -> dict[str, Any]:
    """OpenAPI 3.1, as JSON values."""
    text = resolver.get_openapi_json_schema(title=_TITLE, version=_VERSION, description=_DESCRIPTION)
    parsed: dict[str, Any] = json.loads(text)
    for path in parsed["paths"].values():
        for operation in path.values():
            if _is_powertools_default(operation["responses"].get("422", {})):
                del operation["responses"]["422"]
            operation["responses"].get(str(NO_CONTENT), {}).pop("content", None)
    return parsed


def _is_powertools_default(response: dict[str, Any]) -> bool:
    """Powertools documents a 422 for every route; this API answers 400 where a request is malformed."""
    return bool(response.get("description") == "Validation Error")
