"""API Gateway's proxy integration for starlette: a request as an event, a proxy response as a response."""

from __future__ import annotations

import base64
import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from pipeline.api.problems import Problem
from pipeline.api.responses import ProxyResponse, proxy_problem


def proxy_event(request: Request, body: str) -> dict[str, Any]:
    """A proxy event of a REST API (API Gateway, "Lambda proxy integration: input format")."""
    headers: dict[str, list[str]] = defaultdict(list)
    for name, value in request.headers.items():
        headers[name].append(value)
    headers["x-forwarded-proto"] = [request.scope["scheme"]]
    query: dict[str, list[str]] = defaultdict(list)
    for name, value in request.query_params.multi_items():
        query[name].append(value)
    path = request.scope["path"]
    return {
        "httpMethod": request.method,
        "path": path,
        "resource": path,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": None,
        "body": body or None,
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "path": path,
            "stage": "$default",
            "httpMethod": request.method,
            "identity": {"sourceIp": request.client.host if request.client else ""},
        },
    }


def to_response(proxy: ProxyResponse) -> Response:
    body = base64.b64decode(proxy["body"]) if proxy["isBase64Encoded"] else proxy["body"]
    response = Response(body, proxy["statusCode"])
    for name, values in proxy["multiValueHeaders"].items():
        for value in values:
            response.headers.append(name, value)
    return response


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return to_response(proxy_problem(problem, headers))


def read_only() -> Response:
    problem = Problem("method-not-allowed", 405, "This address answers GET, HEAD.")
    return problem_response(problem, {"Allow": "GET, HEAD"})
