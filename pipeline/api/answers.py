"""How an answer is written: JSON, or a problem (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pipeline.api.problems import Problem

JSON = "application/json"
PROBLEM = "application/problem+json"
Answer = dict[str, Any]
# An answer is data for one caller: never sniffed, framed, run, or kept by a cache between.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "Cache-Control": "no-store",
}


def told(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response[Any]:
    return as_it_is(status, text(body), headers)


def as_it_is(status: int, body: str, headers: Mapping[str, str] | None = None) -> Response[Any]:
    """body: JSON already."""
    return Response(status, JSON, body, headers=dict(headers or {}))


def refused(problem: Problem) -> Response[Any]:
    return Response(problem.status, PROBLEM, text(problem.body), headers=_with(problem, {}))


def refused_unread(problem: Problem, headers: Mapping[str, str] | None = None) -> Answer:
    """The same as API Gateway takes it, for what never reached a route."""
    told = _with(problem, {"Content-Type": PROBLEM, **HEADERS, **(headers or {})})
    return {
        "statusCode": problem.status,
        "body": text(problem.body),
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in told.items()},
    }


def _with(problem: Problem, headers: Mapping[str, str]) -> dict[str, Any]:
    after = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    return {**headers, **after}


def text(body: Any) -> str:
    """UTF-8 as it is: a story in Arabic is not six characters a letter."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
