"""A scripted HTTP server on loopback: real sockets, real faults, every byte counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Turn:
    """How one GET of a file is answered. cut: bytes of the body after which the line is closed."""

    status: int = 200
    cut: int | None = None
    ignore_range: bool = False
    shift: int = 0  # answer a range that begins this much later than asked
    unsaid: bool = False  # answer a range without saying which
    hang: float = 0.0  # seconds of silence before the answer
    location: str = ""


@dataclass
class Loopback:
    """files: path -> content. script: turns of the next GETs under /files/; honest when it is empty."""

    files: dict[str, bytes] = field(default_factory=dict)
    stated: dict[str, str] = field(default_factory=dict)  # path -> X-Linked-ETag
    script: list[Turn] = field(default_factory=list)
    seen: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, Range
    sent: int = 0  # bytes of bodies under /files/
    block: int = 1 << 16
    pause: float = 0.0  # seconds between blocks
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def gets(self, prefix: str = "/files/") -> list[tuple[str, str]]:
        return [
            (path, span) for method, path, span in self.seen if method == "GET" and path.startswith(prefix)
        ]

    def turn(self) -> Turn:
        with self.lock:
            return self.script.pop(0) if self.script else Turn()


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
        time.sleep(turn.hang)
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
        asked = self.headers.get("Range", "")
        start = 0 if turn.ignore_range or not asked else int(asked.removeprefix("bytes=").split("-")[0])
        start += turn.shift
        self.send_response(206 if start else 200)
        if start and not turn.unsaid:
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
        for at in range(0, len(body), self.site.block):
            block = body[at : at + self.site.block]
            try:
                self.wfile.write(block)
                self.wfile.flush()
            except OSError:
                return
            if counted:
                with self.site.lock:
                    self.site.sent += len(block)
                time.sleep(self.site.pause)

    def _note(self) -> None:
        with self.site.lock:
            self.site.seen.append((self.command, self.path, self.headers.get("Range", "")))


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
        server.shutdown()
        server.server_close()
        thread.join()
