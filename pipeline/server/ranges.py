"""Range headers of requests (RFC 9110, section 14): what starlette refuses and may be ignored is left out."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

# One range: from a byte on, or the last bytes. Players ask for no more; a server may ignore all else.
_RANGE = re.compile(rb"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-[0-9]{1,18})")


class Ranges:
    """ASGI middleware: `app` sees a Range header only where it is one valid range of a GET."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            ranges = [value for name, value in scope["headers"] if name == b"range"]
            if ranges and not (scope["method"] == "GET" and len(ranges) == 1 and is_valid(ranges[0])):
                headers = [header for header in scope["headers"] if header[0] != b"range"]
                scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)


def is_valid(header: bytes) -> bool:
    match = _RANGE.fullmatch(header.strip().lower())
    return match is not None and (not match[2] or int(match[1]) <= int(match[2]))
