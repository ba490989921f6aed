"""The API on this machine: the same handler behind uvicorn, media with Range, the page if it is built."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from pipeline import problems
from pipeline.api import Api
from pipeline.api.answers import Answer, refused_unread
from pipeline.api.gateway import MOST_BYTES, too_large
from pipeline.errors import NotFoundError, RequestError, StoriesError
from pipeline.media import PATH, MediaStore
from pipeline.page import page_routes
from pipeline.problems import Problem

# POST / holds its thread while a story is made; every other call is over in milliseconds.
_PATIENT, _QUICK = 256, 16
_TYPES = {".mp3": "audio/mpeg", ".wav": "audio/wav"}
PathOf = Callable[[str], Path]


def build_server(
    api: Api,
    media: MediaStore | None,
    path_of: PathOf | None,
    page: Path | None,
    origin: str = "",
    sound: str = "",
) -> Starlette:
    """media, path_of: None where a bucket signs its own addresses. path_of: where a key's file lies.

    page: the built frontend's folder. origin: of a page elsewhere that may read the media. sound: an address
    as the store signs it: the page may play from there.
    """
    routes: list[BaseRoute] = []
    if media and path_of:
        routes.append(Route(f"{PATH}{{key:path}}", _Media(media, path_of, origin)))
    if page and page.is_dir():
        routes += page_routes(page, sound)
    return Starlette(routes=[*routes, _Gateway(api)])


class _Gateway(BaseRoute):
    """What API Gateway does: a request becomes an event, an answer becomes a response.

    It takes every address: a Route's patterns leave out those with a line's end in them.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._patient, self._quick = CapacityLimiter(_PATIENT), CapacityLimiter(_QUICK)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await _body(request)
        if isinstance(body, Problem):
            answer = self._api.refuse(_event(request, ""), body)
        else:
            limiter = self._patient if _is_patient(request) else self._quick
            answer = await to_thread.run_sync(self._api, _event(request, body), None, limiter=limiter)
        await _response(answer)(scope, receive, send)


class _Media:
    """A signed file, whole or in ranges."""

    def __init__(self, media: MediaStore, path_of: PathOf, origin: str) -> None:
        self._media = media
        self._path_of = path_of
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = self._response(request)
        if self._origin:
            response.headers["Access-Control-Allow-Origin"] = self._origin
        await response(scope, receive, send)

    def _response(self, request: Request) -> Response:
        key, query = request.path_params["key"], dict(request.query_params)
        if request.method not in {"GET", "HEAD"}:
            problem = Problem("method-not-allowed", 405, "This address answers GET, HEAD.")
            return _refused(problem, {"Allow": "GET, HEAD"})
        try:
            filename = self._media.check(key, query)
            path = self._path_of(key)
        except RequestError as error:
            return _refused(problems.of_address(error))
        except StoriesError as error:
            return _refused(problems.of(error))
        if not path.is_file():
            return _refused(problems.of(NotFoundError("")))
        left = max(0, int(query["expires"]) - int(time.time()))
        headers = {
            "Cache-Control": f"private, max-age={left}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        return FileResponse(
            path, headers=headers, media_type=_TYPES.get(path.suffix), filename=filename or None
        )


async def _body(request: Request) -> str | Problem:
    """No more is read than an API takes."""
    told = request.headers.get("content-length", "0")
    if not told.isdigit() or int(told) > MOST_BYTES:
        return too_large()
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > MOST_BYTES:
            return too_large()
    try:
        return read.decode()
    except UnicodeDecodeError:
        return Problem("bad-request", 400, "The body is no UTF-8.")


def _is_patient(request: Request) -> bool:
    return request.method == "POST" and request.url.path == "/"


def _event(request: Request, body: str) -> dict[str, Any]:
    """A proxy event of a REST API (API Gateway, "Lambda proxy integration: input format")."""
    headers: dict[str, list[str]] = defaultdict(list)
    for name, value in request.headers.items():
        headers[name].append(value)
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


def _response(answer: Answer) -> Response:
    response = Response(answer["body"], answer["statusCode"])
    for name, values in answer["multiValueHeaders"].items():
        for value in values:
            response.headers.append(name, value)
    return response


def _refused(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return _response(refused_unread(problem, headers))
