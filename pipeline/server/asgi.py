"""The server on this machine: the API's handler behind ASGI, signed media files, the page if it is built."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import CapacityLimiter, create_task_group, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Lifespan, Receive, Scope, Send

from pipeline.api import problems
from pipeline.api.gateway import MOST_BYTES, NO_ADDRESS, Api, too_large
from pipeline.api.problems import Problem
from pipeline.api.responses import ProxyResponse
from pipeline.errors import DamagedError, NotFoundError, RequestError, StoriesError
from pipeline.exports.provenance.signer import Signer
from pipeline.server.allowed_hosts import AllowedHosts, name_of
from pipeline.server.exports import PATH as EXPORTS
from pipeline.server.exports import Exports
from pipeline.server.feeds import PATH as FEEDS
from pipeline.server.feeds import Feeds
from pipeline.server.proxy import problem_response, proxy_event, read_only, to_response
from pipeline.server.push.endpoint import Endpoint
from pipeline.server.ranges import Ranges
from pipeline.server.reach import Reach
from pipeline.server.signed_urls import PATH, MediaStore
from pipeline.server.static_files import page_routes
from pipeline.server.tablet import tablet_routes
from pipeline.storage.sounds import Sounds

# Threads. POST / holds one while a story is made; every other call ends in milliseconds.
_WAITING_THREADS, _QUICK_THREADS = 256, 16
# Of a host name (RFC 1035).
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
    sounds: Sounds | None = None,
    reach: Reach | None = None,
    endpoint: Endpoint | None = None,
    signer: Signer | None = None,
) -> Starlette:
    """media, path_of: None where a bucket signs its own URLs. path_of: the file of a store's key.

    page: the built frontend's folder. origin: of a page elsewhere that may read the media. sound: a signed
    URL of the store, from whose origin the page may play. names: the allowed host names, besides localhost
    and numeric addresses. as_called: a response has media URLs with the host of its request, not the store's.
    sounds: those that are not whole are not served. reach: shown to a page that is opened on this machine.
    endpoint: where changes are pushed, None for nowhere. signer: of exports.
    """
    routes: list[BaseRoute] = [endpoint.route] if endpoint else []
    if media and path_of:
        routes.append(Route(f"{PATH}{{key:path}}", _Media(media, path_of, origin, sounds)))
        feeds = Feeds(media.inner, path_of, sounds, "" if as_called else media.base)
        routes.append(Route(f"{FEEDS}{{path:path}}", feeds))
        routes.append(Route(f"{EXPORTS}{{path:path}}", Exports(media.inner, signer)))
    if page and page.is_dir():
        routes += page_routes(page, sound)
    if reach:
        routes += tablet_routes(reach)
    base = media.base if media and as_called else ""
    return Starlette(
        routes=[*routes, _Gateway(api, base)],
        middleware=[Middleware(AllowedHosts, names=names, rejection=_unknown_host), Middleware(Ranges)],
        exception_handlers={HTTPException: _no_file},
        lifespan=_watching(endpoint) if endpoint else None,
    )


def _watching(endpoint: Endpoint) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with create_task_group() as tasks:
            tasks.start_soon(endpoint.hub.watch, endpoint.read)
            yield
            tasks.cancel_scope.cancel()

    return lifespan


class _Gateway(BaseRoute):
    """API Gateway's part: a request becomes a proxy event, a proxy response becomes a response.

    It matches every path: a starlette Route does not match one with a line break.
    """

    def __init__(self, api: Api, base: str) -> None:
        self._api = api
        self._base = base
        # At the start of a JSON string only: inside of one, the quotation mark is escaped.
        self._media = re.compile(rf'(?<!\\)"{re.escape(base)}(?={PATH})')
        self._waiting, self._quick = CapacityLimiter(_WAITING_THREADS), CapacityLimiter(_QUICK_THREADS)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await _body(request)
        if isinstance(body, Problem):
            response = self._api.reject(proxy_event(request, ""), body)
        else:
            limiter = self._waiting if _waits_for_story(request) else self._quick
            response = await to_thread.run_sync(self._api, proxy_event(request, body), None, limiter=limiter)
        await to_response(self._as_called(response, request))(scope, receive, send)

    def _as_called(self, response: ProxyResponse, request: Request) -> ProxyResponse:
        """With media URLs that a client elsewhere can reach: 127.0.0.1 would be the client itself."""
        base = f"{request.scope['scheme']}://{request.headers['host']}"
        if not self._base or base == self._base:
            return response
        return {**response, "body": self._media.sub(f'"{base}', response["body"])}


class _Media:
    """A signed file, whole or in ranges."""

    def __init__(self, media: MediaStore, path_of: PathOf, origin: str, sounds: Sounds | None) -> None:
        self._media = media
        self._path_of = path_of
        self._origin = origin
        self._sounds = sounds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        # In a thread: a sound is read as a whole when it is served for the first time.
        response = await to_thread.run_sync(self._response, request)
        if self._origin:
            response.headers["Access-Control-Allow-Origin"] = self._origin
        await response(scope, receive, send)

    def _response(self, request: Request) -> Response:
        key, query = request.path_params["key"], dict(request.query_params)
        if request.method not in {"GET", "HEAD"}:
            return read_only()
        try:
            filename = self._media.check(key, query)
            path = self._path_of(key)
            if not path.is_file():
                raise NotFoundError("")
            if self._sounds and path.suffix in _TYPES and not self._sounds.is_whole(key):
                raise DamagedError("", problem="damaged-sound")
        except RequestError as error:
            return problem_response(problems.of_address(error))
        except StoriesError as error:
            return problem_response(problems.of(error))
        seconds = max(0, int(query["expires"]) - int(self._media.clock()))
        headers = {
            "Cache-Control": f"private, max-age={seconds}",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        return FileResponse(
            path, headers=headers, media_type=_TYPES.get(path.suffix), filename=filename or None
        )


async def _body(request: Request) -> str | Problem:
    """Reads MOST_BYTES at most, and the part that exceeds them."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        return too_large()
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return too_large()
    except ClientDisconnect:
        return Problem("bad-request", 408, "The connection ended before the request.")  # for the log
    try:
        return body.decode()
    except UnicodeDecodeError:
        return Problem("bad-request", 400, "The body is not UTF-8.")


def _waits_for_story(request: Request) -> bool:
    return request.method == "POST" and request.url.path == "/"


async def _unknown_host(scope: Scope, receive: Receive, send: Send) -> None:
    name = name_of(HTTPConnection(scope).headers.get("host", ""))[:_LONGEST_NAME]
    detail = "A request needs one Host header, with a name of this server."
    if name:
        detail = (
            f"This server has no such name as {name}. Open it by its numeric address, such as "
            f"http://127.0.0.1:8000; or, if the name is yours, start it with --url http://{name}:PORT."
        )
    await problem_response(Problem("unknown-host", 400, detail))(scope, receive, send)


def _no_file(_: Request, error: Exception) -> Response:
    """For the page's folders; every other path is the API's."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        return read_only()
    return problem_response(NO_ADDRESS)
