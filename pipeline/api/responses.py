"""Responses: JSON, or a problem (RFC 9457)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pipeline.api.problems import Problem

JSON = "application/json"
PROBLEM = "application/problem+json"
_DAY = 86_400
# A REST API's proxy response (API Gateway: output format of a Lambda function for proxy integration).
ProxyResponse = dict[str, Any]
# A response is data for one caller: never sniffed, framed, run, or kept by a cache on its way.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "Cache-Control": "no-store",
}


def json_response(
    status: int, body: Mapping[str, Any] | str, headers: Mapping[str, str] | None = None
) -> Response[Any]:
    """body: a str is JSON already."""
    text = body if isinstance(body, str) else to_json(body)
    return Response(status, JSON, text, headers=dict(headers or {}))


def no_content() -> Response[Any]:
    return Response(204, body="")


def picture_response(media_type: str, picture: str | bytes) -> Response[Any]:
    """Kept by its reader's own browser: its address has its version."""
    headers: dict[str, Any] = {"Cache-Control": f"private, max-age={_DAY}"}
    # Encoded here: Powertools takes bytes for UTF-8 where it validates responses.
    body = picture if isinstance(picture, str) else base64.b64encode(picture).decode()
    response: Response[Any] = Response(200, media_type, body, headers=headers)
    response.base64_encoded = isinstance(picture, bytes)
    return response


def problem_response(problem: Problem) -> Response[Any]:
    return Response(problem.status, PROBLEM, to_json(problem.body), headers=_retry_after(problem))


def proxy_problem(problem: Problem, headers: Mapping[str, str] | None = None) -> ProxyResponse:
    """The same for a request that never reached a route."""
    every = {"Content-Type": PROBLEM, **HEADERS, **_retry_after(problem), **(headers or {})}
    return {
        "statusCode": problem.status,
        "body": to_json(problem.body),
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in every.items()},
    }


def to_json(body: Mapping[str, Any]) -> str:
    """UTF-8, unescaped: an Arabic letter takes two bytes, not six."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _retry_after(problem: Problem) -> dict[str, Any]:
    return {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
