"""A deployed branch as Amplify serves it: at an origin of its own, with the app's custom headers."""

from __future__ import annotations

import mimetypes
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

_LOOPBACK = "127.0.0.1"
_INDEX = "index.html"
# Of a rewrite; redirects (301, 302) are not served here.
_STATUS = {"200": 200, "404-200": 200, "404": 404}
_MISSING = b"<!doctype html><title>404</title><p>Nothing is deployed here.</p>"


@dataclass(frozen=True)
class Published:
    """files: by path, no leading slash. headers: pattern, name, value; the last wins. rules: the app's."""

    files: Mapping[str, bytes]
    headers: tuple[tuple[str, str, str], ...] = ()
    rules: tuple[Mapping[str, str], ...] = ()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, the file's name and its body."""
        asked = unquote(urlsplit(path).path).lstrip("/")
        name = next((one for one in _candidates(asked) if one in self.files), None)
        if name is not None:
            return 200, name, self.files[name]
        for rule in self.rules:
            target, status = rule["target"].lstrip("/"), _STATUS.get(rule.get("status", "200"))
            if status and target in self.files and _matches_rule(rule["source"], f"/{asked}"):
                return status, target, self.files[target]
        return 404, "404.html", self.files.get("404.html", _MISSING)

    def headers_of(self, name: str) -> dict[str, str]:
        return {key: value for pattern, key, value in self.headers if _matches(pattern, name)}


class Site:
    """published: asked at each request, as a deployment becomes visible when its job succeeds."""

    def __init__(self, published: Callable[[], Published]) -> None:
        self._server = ThreadingHTTPServer((_LOOPBACK, 0), _handler(published))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def domain(self) -> str:
        return f"{_LOOPBACK}:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def custom_headers(told: str) -> tuple[tuple[str, str, str], ...]:
    """Amplify's YAML, `customHeaders: [{pattern, headers: [{key, value}]}]`. Raises ValueError."""
    try:
        read = yaml.safe_load(told) or {}
        return tuple(
            (str(one["pattern"]), str(header["key"]), str(header["value"]))
            for one in read.get("customHeaders", [])
            for header in one["headers"]
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("wanted: customHeaders: [{pattern, headers: [{key, value}]}]") from error


def _handler(published: Callable[[], Published]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            site = published()
            status, name, body = site.answer(self.path)
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            text = kind.startswith("text/") or kind in ("application/json", "application/javascript")
            told = {"Content-Type": f"{kind}; charset=utf-8" if text else kind, **site.headers_of(name)}
            self.send_response(status)
            for key, value in {**told, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: Any) -> None:
            """Silent."""

    return Handler


def _candidates(asked: str) -> tuple[str, ...]:
    if not asked or asked.endswith("/"):
        return (f"{asked}{_INDEX}",)
    return (asked, f"{asked}/{_INDEX}")


def _matches(pattern: str, name: str) -> bool:
    """`**` any folders, `*` within one; a pattern without a slash means any folder's files."""
    whole = pattern.lstrip("/") if "/" in pattern else f"**/{pattern}"
    parts = re.split(r"(\*\*/|\*\*|\*)", whole)
    regex = "".join(_GLOBS.get(part) or re.escape(part) for part in parts)
    return re.fullmatch(regex, name) is not None


_GLOBS = {"**/": r"(?:[^/]+/)*", "**": r".*", "*": r"[^/]*"}


def _matches_rule(source: str, path: str) -> bool:
    """`/<*>` for anything below, or `</regular expression/>`."""
    if source.startswith("</") and source.endswith("/>"):
        return re.search(source[2:-2], path) is not None
    if source.endswith("<*>"):
        return path.startswith(source.removesuffix("<*>"))
    return path == source
