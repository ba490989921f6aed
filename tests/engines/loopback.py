"""A server on loopback that answers as a test scripts it, and keeps the requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT_S = 60.0


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

    def stream(
        self, parts: Iterable[bytes], whole: bool = True, kind: str = "application/vnd.amazon.eventstream"
    ) -> None:
        """Chunked. whole: False closes the connection in place of the last chunk."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
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
