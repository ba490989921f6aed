"""The page's files as responses: compressed where the browser takes that, 304 where it has them."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse

_TEXTS = frozenset({".css", ".html", ".js", ".json", ".svg", ".txt", ".webmanifest"})
# Below this a header is about as long as what it saves.
_LEAST_BYTES = 512
# Of the build; more would be compressed anew at each request.
_MOST_FILES = 128
# A coding with its weight (RFC 9110, section 12.5.3).
_CODING = re.compile(r"([a-z0-9*_-]+)[ \t]*(?:;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?", re.IGNORECASE)


def file_response(
    path: Path, status: os.stat_result, request: Headers, headers: Mapping[str, str]
) -> Response:
    """headers: of the response, besides those that the file decides.

    A part of a file (Range) is a part of it as it is: only a whole is compressed.
    """
    response: Response = FileResponse(path, headers=headers, stat_result=status)
    if path.suffix in _TEXTS and status.st_size >= _LEAST_BYTES:
        response.headers["Vary"] = "Accept-Encoding"
        if "range" not in request and accepts_gzip(",".join(request.getlist("accept-encoding"))):
            response = _compressed(response, path, status)
    return NotModifiedResponse(response.headers) if _is_known(response.headers, request) else response


def accepts_gzip(header: str) -> bool:
    """By its own weight, else by that of "*". header: Accept-Encoding; malformed parts count for nothing."""
    matches = filter(None, map(_CODING.fullmatch, map(str.strip, header.split(","))))
    weights = {match[1].lower(): float(match[2] or 1) for match in matches}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _compressed(whole: Response, path: Path, status: os.stat_result) -> Response:
    """Another representation, with an ETag of its own (RFC 9110, section 8.8.3.3)."""
    headers = {
        name: value
        for name, value in whole.headers.items()
        if name not in {"content-length", "accept-ranges"}
    }
    headers["etag"] = f'{whole.headers["etag"][:-1]}-gzip"'
    headers["content-encoding"] = "gzip"
    return Response(_gzipped(path, status.st_mtime_ns, status.st_size), headers=headers)


@lru_cache(maxsize=_MOST_FILES)
def _gzipped(path: Path, time: int, size: int) -> bytes:
    """time, size: of the file, which a new build changes."""
    return gzip.compress(path.read_bytes(), mtime=0)


def _is_known(response: Headers, request: Headers) -> bool:
    """Whether the browser has this very representation."""
    tags = [tag.strip().removeprefix("W/") for tag in request.get("if-none-match", "").split(",")]
    return "*" in tags or response["etag"] in tags
