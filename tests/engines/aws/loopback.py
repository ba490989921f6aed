"""A server on loopback that answers as a test scripts it, and keeps the requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

LIMIT_S = 60.0
_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")


def account(monkeypatch: pytest.MonkeyPatch, **others: str) -> None:
    """Fake credentials and a region, nothing of the machine's own, and no wait before botocore's retries."""
    for name in _UNSET:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**_VARIABLES, **others}.items():
        monkeypatch.setenv(name, value)
    no_backoff(monkeypatch)


def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore does not sleep before a retry."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@dataclass(frozen=True)
class Received:
    """The method, the path with its query, headers by lower-case name, the body of a request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """A request that a script answers with `reply`, `stream` or `hang`."""

    protocol_version = "HTTP/1.1"
    server: Loopback
    received: Received

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.received = Received(self.command, self.path, headers, body)
        self.server.received.append(self.received)
        self.server.script(self)

    do_GET = do_POST = do_PUT = do_HEAD = handle_one  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def reply(self, body: bytes, status: int = 200, cut: int | None = None, **headers: str) -> None:
        """cut: the connection closes after so many bytes of the body."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:cut])
        self.close_connection = self.close_connection or cut is not None

    def stream(self, parts: Iterable[bytes], whole: bool = True) -> None:
        """Chunked. whole: False closes the connection in place of the last chunk."""
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.amazon.eventstream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in parts:
            if part:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if whole:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def hang(self) -> None:
        self.server.ending.wait(LIMIT_S)
        self.close_connection = True


class Loopback(ThreadingHTTPServer):
    """`with Loopback(script) as server`: answers at `server.url` until the block ends."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.script = script
        self.received: list[Received] = []
        self.ending = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Loopback:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Some tests are about a client that has gone away."""


def count_attempts(client: Any) -> list[str]:
    """Grows by an entry with each request that the client sends, retries included."""
    attempts: list[str] = []

    def note(event_name: str, **_: Any) -> None:
        attempts.append(event_name)

    client.meta.events.register("before-send", note)
    return attempts
