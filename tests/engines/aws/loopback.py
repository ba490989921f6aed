"""A server on loopback that answers as a test scripts it, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import pytest

_LONGEST_HANG_S = 60.0
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
    """Made-up credentials and a region, and nothing of the machine's own."""
    for name in _UNSET:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**_VARIABLES, **others}.items():
        monkeypatch.setenv(name, value)


@dataclass(frozen=True)
class Seen:
    """One request: the method, the path with its query, headers by lower-case name, the body."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Callable[["Asked"], None]


class Asked(BaseHTTPRequestHandler):
    """A request being answered; scripts call `reply`, `stream` or `hang` of it."""

    protocol_version = "HTTP/1.1"
    server: Loopback
    seen: Seen

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen = Seen(self.command, self.path, headers, body)
        self.server.seen.append(self.seen)
        self.server.script(self)

    do_GET = do_POST = do_PUT = do_HEAD = handle_one  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def reply(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def stream(self, parts: Iterable[bytes], whole: bool = True, pause: float = 0.0) -> None:
        """Chunked. whole: False breaks the connection where the last chunk would say that all was sent."""
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.amazon.eventstream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in parts:
            if part:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            if pause and self.server.ending.wait(pause):
                break
        if whole:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def drip(self, body: bytes, pause: float) -> None:
        """A body of a known length, a byte at a time."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for at in range(len(body)):
            self.wfile.write(body[at : at + 1])
            if self.server.ending.wait(pause):
                break
        self.close_connection = True

    def hang(self) -> None:
        self.server.ending.wait(_LONGEST_HANG_S)
        self.close_connection = True


class Loopback(ThreadingHTTPServer):
    """`with Loopback(script) as server`: answers at `server.url` until the block ends."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.script = script
        self.seen: list[Seen] = []
        self.ending = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Loopback:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone away is what some tests are about."""

    def settled(self, count: int) -> int:
        """How many requests came, a moment after `count` did: an unwanted one would have come by then."""
        until = time.monotonic() + 5
        while len(self.seen) < count and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.1)
        return len(self.seen)
