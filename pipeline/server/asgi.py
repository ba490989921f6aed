"""The API on this machine: the same handler behind uvicorn, media with Range, the page if it is built."""

from __future__ import annotations

import re
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from pipeline.api import problems
from pipeline.api.answers import Answer, refused_unread
from pipeline.api.gateway import MOST_BYTES, Api, too_large
from pipeline.api.problems import Problem
from pipeline.errors import NotFoundError, RequestError, StoriesError
from pipeline.server.allowed_hosts import KnownHosts, name_of
from pipeline.server.signed_urls import PATH, MediaStore
from pipeline.server.static_files import page_routes

# POST / holds its thread while a story is made; every other call is over in milliseconds.
_PATIENT, _QUICK = 256, 16
# A name on the net has no more letters (RFC 1035).
_LONGEST_NAME = 253
_TYPES = {".mp3": "audio/mpeg", ".wav": "audio/wav"}
PathOf = Callable[[str], Path]


def build_server(
    api: Api,
    media: MediaStore | None,
    path_of: PathOf | None,
    page: Path | None,
    origin: str = "",
    sound: str = "",
    names: Iterable[str] = (),
    as_called: bool = False,
) -> Starlette:
    """media, path_of: None where a bucket signs its own addresses. path_of: where a key's file lies.

    page: the built frontend's folder. origin: of a page elsewhere that may read the media. sound: an address
    as the store signs it: the page may play from there. names: by which it may be called, besides localhost
    and addresses in figures. as_called: whoever asks is told of media under the name that they asked by, and
    not under the store's.
    """
    routes: list[BaseRoute] = []
    if media and path_of:
        routes.append(Route(f"{PATH}{{key:path}}", _Media(media, path_of, origin)))
    if page and page.is_dir():
        routes += page_routes(page, sound)
    base = media.base if media and as_called else ""
    return Starlette(
        routes=[*routes, _Gateway(api, base)],
        middleware=[Middleware(KnownHosts, names=names, refusal=_unknown_host)],
        exception_handlers={HTTPException: _nothing_there},
    )


class _Gateway(BaseRoute):
    """What API Gateway does: a request becomes an event, an answer becomes a response.

    It takes every address: a Route's patterns leave out those with a line's end in them.
    """

    def __init__(self, api: Api, base: str) -> None:
        self._api = api
        self._base = base
        # Where a text begins, and not in the middle of one: there, its quotation mark would be escaped.
        self._media = re.compile(rf'(?<!\\)"{re.escape(base)}(?={PATH})')
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
        await _response(self._as_called(answer, request))(scope, receive, send)

    def _as_called(self, answer: Answer, request: Request) -> Answer:
        """A tablet that asked 192.168.1.2 for a story would look for its sound on itself at 127.0.0.1."""
        called = f"{request.scope['scheme']}://{request.headers['host']}"
        if not self._base or called == self._base:
            return answer
        return {**answer, "body": self._media.sub(f'"{called}', answer["body"])}


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
            return _read_only()
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


async def _unknown_host(scope: Scope, receive: Receive, send: Send) -> None:
    name = name_of(Request(scope).headers.get("host", ""))[:_LONGEST_NAME]
    told = "A request must say by which name it calls this server."
    if name:
        told = (
            f"This server does not go by the name of {name}. Open it by its address in figures, such as "
            f"http://127.0.0.1:8000; or, if the name is yours, start it with --url http://{name}:PORT."
        )
    await _refused(Problem("unknown-host", 400, told))(scope, receive, send)


def _nothing_there(_: Request, error: Exception) -> Response:
    """Of the page's folders: all else is the API's to answer."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        return _read_only()
    return _refused(Problem("not-found", 404, "There is nothing at this address."))


def _read_only() -> Response:
    problem = Problem("method-not-allowed", 405, "This address answers GET, HEAD.")
    return _refused(problem, {"Allow": "GET, HEAD"})


def _refused(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    return _response(refused_unread(problem, headers))
