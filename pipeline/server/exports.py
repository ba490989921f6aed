"""Exports over HTTP: /exports/<story id>/<edition>.epub; side by side: en+fr.epub."""

from __future__ import annotations

import re
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pipeline.api import problems
from pipeline.errors import ConfigError, NotFoundError, StoriesError
from pipeline.exports import formats, source
from pipeline.exports.provenance.signer import Signer
from pipeline.ports import Store
from pipeline.server.proxy import problem_response, read_only
from pipeline.storage.keys import STORY_ID
from pipeline.storage.private import opened, today

PATH = "/exports/"
_EDITION = "[A-Za-z0-9-]{2,35}"
_SUFFIXES = {each.suffix: name for name, each in formats.FORMATS.items()}
_FILE = re.compile(rf"(?P<story>{STORY_ID})/(?P<editions>{_EDITION}(?:\+{_EDITION})*)(?P<suffix>\.[a-z0-9]+)")
# At once: an audiobook takes a core for a second.
_MOST = 2
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Exports:
    """An ASGI application below PATH. signer: None for files without a signature."""

    def __init__(self, store: Store, signer: Signer | None = None) -> None:
        self._store = store
        self._signer = signer
        self._limiter = CapacityLimiter(_MOST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await to_thread.run_sync(self._response, Request(scope, receive), limiter=self._limiter)
        await response(scope, receive, send)

    def _response(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return read_only()
        match = _FILE.fullmatch(request.path_params["path"])
        try:
            if not match or match["suffix"] not in _SUFFIXES:
                raise NotFoundError("there is no such export")
            return self._file(_SUFFIXES[match["suffix"]], match["story"], match["editions"].split("+"))
        except StoriesError as error:
            return problem_response(problems.of(error))
        except ModuleNotFoundError as error:
            missing = ConfigError(f"the package {error.name!r} is not installed", problem="missing-package")
            return problem_response(problems.of(missing))

    def _file(self, name: str, story_id: str, editions: list[str]) -> Response:
        formats.check(name, 1, len(editions))
        store = opened(self._store, story_id, today())
        chosen = [source.edition(store, story_id, each) for each in editions]
        data = formats.content(name, store, chosen, self._signer)
        # A page is shown, anything else is saved, under its title (RFC 6266, 4.3).
        kind = "inline" if name == "print" else "attachment"
        disposition = f"{kind}; filename*=utf-8''{quote(formats.file_name(name, chosen), safe='')}"
        headers = {**_HEADERS, "Content-Disposition": disposition}
        return Response(data, headers=headers, media_type=formats.FORMATS[name].media_type)
