"""A scripted HTTP server on loopback: real sockets, real faults, every byte counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BLOCK = 1 << 16


@dataclass(frozen=True)
class Turn:
    """The response to one GET of a file. cut: bytes of the body after which the connection is closed."""

    status: int = 200
    cut: int | None = None
    ignore_range: bool = False
    shift: int = 0  # send a range that begins this much later than requested
    unnamed: bool = False  # send a range without naming it
    hang: bool = False  # send nothing until `release`
    location: str = ""


@dataclass
class Loopback:
    """files: path -> content. script: turns of the next GETs under /files/; regular responses when empty.

    hold: (part of a path, bytes): a body of such a path stops after so many bytes (`held` is set then) until
    `release`. broken: set when a client goes away before its response ends.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    stated: dict[str, str] = field(default_factory=dict)  # path -> X-Linked-ETag
    script: list[Turn] = field(default_factory=list)
    requests: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, Range
    sent: int = 0  # bytes of bodies under /files/
    hold: tuple[str, int] | None = None
    held: threading.Event = field(default_factory=threading.Event)
    broken: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    _released: threading.Event = field(default_factory=threading.Event)

    def gets(self, prefix: str = "/files/") -> list[tuple[str, str]]:
        return [
            (path, span)
            for method, path, span in self.requests
            if method == "GET" and path.startswith(prefix)
        ]

    def turn(self) -> Turn:
        with self.lock:
            return self.script.pop(0) if self.script else Turn()

    def release(self) -> None:
        self.hold = None
        self._released.set()

    def wait(self) -> None:
        self._released.wait(60)


class _Handler(BaseHTTPRequestHandler):
    site: Loopback

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self._note()
        known = self.path in self.site.files
        self.send_response(200 if known else 404)
        if self.path in self.site.stated:
            self.send_header("X-Linked-ETag", f'"{self.site.stated[self.path]}"')
        self.send_header("Content-Length", str(len(self.site.files.get(self.path, b""))))
        self.end_headers()

    def do_GET(self) -> None:
        self._note()
        counted = self.path.startswith("/files/")
        turn = self.site.turn() if counted else Turn()
        if turn.hang:
            self.site.wait()
        content = self.site.files.get(self.path)
        if turn.status != 200 or content is None:
            self._refuse(turn.status if turn.status != 200 else 404, turn)
            return
        start = self._start(turn, content)
        body = content[start:]
        if turn.cut is not None:
            body = body[: turn.cut]
        self._write(body, counted)
        self.close_connection = True

    def _start(self, turn: Turn, content: bytes) -> int:
        span = self.headers.get("Range", "")
        start = 0 if turn.ignore_range or not span else int(span.removeprefix("bytes=").split("-")[0])
        start += turn.shift
        self.send_response(206 if start else 200)
        if start and not turn.unnamed:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        kind = "text/html" if self.path.startswith("/simple/") else "application/octet-stream"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        return start

    def _refuse(self, status: int, turn: Turn) -> None:
        self.send_response(status)
        if turn.location:
            self.send_header("Location", turn.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _write(self, body: bytes, counted: bool) -> None:
        for start in range(0, len(body), _BLOCK):
            hold = self.site.hold
            if hold and hold[0] in self.path and start >= hold[1]:
                self.site.held.set()
                self.site.wait()
            block = body[start : start + _BLOCK]
            try:
                self.wfile.write(block)
                self.wfile.flush()
            except OSError:
                self.site.broken.set()
                return
            if counted:
                with self.site.lock:
                    self.site.sent += len(block)

    def _note(self) -> None:
        with self.site.lock:
            self.site.requests.append((self.command, self.path, self.headers.get("Range", "")))


@contextmanager
def serving() -> Iterator[Loopback]:
    site = Loopback()
    handler = type("Handler", (_Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.release()
        server.shutdown()
        server.server_close()
        thread.join()
