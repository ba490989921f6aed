"""The built frontend on this machine, with the headers that customHttp.yml gives it on Amplify."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from pipeline.server.compression import file_response

# The page loads from its own origin only; audio may come from a bucket's, also for the service worker, or
# with an answer (blob:).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'none'; "
    "connect-src 'self' {media}; media-src 'self' blob: {media}; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types vue worker"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
# The build names these files by their content: a changed file has another name.
_IMMUTABLE_FOLDER = "assets"
_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}


def page_routes(folder: Path, sound: str = "") -> list[BaseRoute]:
    """GET routes for the files, index.html at /. sound: an mp3's URL, for the policy."""
    headers = {**_HEADERS, "Content-Security-Policy": _POLICY.format(media=_origin(sound)).strip()}
    routes: list[BaseRoute] = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            caching = _IMMUTABLE if path.name == _IMMUTABLE_FOLDER else {}
            routes.append(Mount(f"/{path.name}", _Folder(path, {**headers, **caching})))
        else:
            address = "/" if path.name == "index.html" else f"/{path.name}"
            routes.append(_File(address, path, headers))
    return routes


class _File(Route):
    def __init__(self, address: str, path: Path, headers: Mapping[str, str]) -> None:
        def answer(request: Request) -> Response:
            return file_response(path, path.stat(), request.headers, headers)

        super().__init__(address, answer, methods=["GET"])


class _Folder(StaticFiles):
    def __init__(self, path: Path, headers: Mapping[str, str]) -> None:
        super().__init__(directory=path)
        self._headers = headers

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        return file_response(Path(full_path), stat_result, Headers(scope=scope), self._headers)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else ""
