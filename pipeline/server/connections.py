"""Bounds on connections: the size of a request's head, the time to send a request, how many are open.

uvicorn bounds only the time between two requests of a connection. Here, where a new connection would be one
too many, the one closes that has kept the server waiting longest: idle clients cannot keep others out.
"""

from __future__ import annotations

import resource
from asyncio import TimerHandle, Transport
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pipeline.api.problems import Problem
from pipeline.api.responses import proxy_problem
from pipeline.server.push.tickets import PATH

_HEAD_BYTES = 16_384
# The API reads 16 kB of a body. In chunks of a byte they take six times as much, and trailers may follow.
_REQUEST_BYTES = 131_072
# From the connection's start, or the last response, to the last byte of a request.
_REQUEST_SECONDS = 15.0
# For the client to read a refusal before the connection is reset, which may discard what it has not read;
# and what it may send meanwhile, for nobody.
_REFUSAL_SECONDS = 5.0
_REFUSAL_BYTES = 4_000_000
_MOST_CONNECTIONS = 4096
_OF_BODIES = {b"content-length", b"transfer-encoding"}
_TOO_SLOW = Problem("too-slow", 408, "The request took too long: send it again, in one piece.")
_TOO_MANY = Problem("busy", 503, "This server has no connection left: try again in a moment.", 1)


@dataclass(slots=True)
class Bounds:
    """Of one server. connections: the most at a time. waiting: those whose client has to send or to read, the
    longest first.
    """

    connections: int
    head: int = _HEAD_BYTES
    request: int = _REQUEST_BYTES
    seconds: float = _REQUEST_SECONDS
    waiting: dict[BoundedProtocol, None] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """How many may be accepted in one turn of the event loop.

        A connection is counted three turns later, and its request read one more.
        """
        return max(1, self.connections // 8)

    @property
    def protocol(self) -> type[BoundedProtocol]:
        """For uvicorn, which calls it as a class."""
        return cast(type[BoundedProtocol], lambda **options: BoundedProtocol(self, **options))


def connections_of(handles: int) -> int:
    """A third of the process's file handles: a connection may need one more for a sound, and stories some."""
    return max(8, min(_MOST_CONNECTIONS, handles // 3))


def pushed_of(connections: int) -> int:
    """How many of them may be WebSockets: the other half is for requests, whatever is followed."""
    return connections // 2


def file_handles() -> int:
    """The soft limit of this process."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 2**20


class BoundedProtocol(HttpToolsProtocol):
    """A connection within `bounds`."""

    def __init__(self, bounds: Bounds, **options: Any) -> None:
        super().__init__(**options)
        self._bounds = bounds
        self._timer: TimerHandle | None = None
        # Of the request that is not complete; bytes.
        self._received = 0
        self._is_in_head = self._is_in_body = False
        # What arrives is discarded.
        self._is_deaf = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._settle()
        if len(self.connections) > self._bounds.connections:
            longest = next(iter(self._bounds.waiting))
            if longest is self:
                self._refuse(_TOO_MANY)
            else:
                longest.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._leave()

    def handle_websocket_upgrade(self) -> None:
        """The connection is another protocol's from now on, with bounds of its own."""
        self._leave()
        self._is_deaf = True
        super().handle_websocket_upgrade()

    def _should_upgrade(self) -> bool:
        """A request that has a body, or follows one that is not answered, would never be answered."""
        is_first = self.cycle is None or self.cycle.response_complete
        has_body = any(name in _OF_BODIES for name, _ in self.headers)
        is_here = self.url.partition(b"?")[0] == PATH.encode() and self.scope["method"] == "GET"
        return bool(is_first and is_here and not has_body and super()._should_upgrade())

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            self._received += len(data)
            if self._received > _REFUSAL_BYTES:
                self.drop()
            return
        while data and not self._is_deaf and not self.transport.is_closing():
            room = self._limit - self._received
            part, data = data[:room], data[room:]
            super().data_received(part)
            is_begun = self._is_in_head or self._is_in_body
            self._received = self._received + len(part) if is_begun else 0
            if self._received >= self._limit:
                what, status = ("head of a request", 431) if self._is_in_head else ("request", 413)
                detail = f"The {what} has {self._limit} bytes at most."
                self._refuse(Problem("too-large", status, detail))

    @property
    def _limit(self) -> int:
        return self._bounds.request if self._is_in_body else self._bounds.head

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._received = True, 0

    def on_headers_complete(self) -> None:
        self._is_in_head, self._is_in_body = False, True
        super().on_headers_complete()
        self._settle()

    def on_message_complete(self) -> None:
        self._is_in_body = False
        super().on_message_complete()
        self._settle()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_in_body and self.cycle.response_complete:
            self._end()  # it is answered before it is complete, as where it is too large
        self._settle()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._settle()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._settle()

    def drop(self) -> None:
        """Closes it at once; what was not sent is discarded."""
        self._leave()
        self.connections.discard(self)
        self.transport.abort()

    def _settle(self) -> None:
        """A client that has to send has a deadline; one that reads slowly is dropped only for another."""
        if self._is_deaf:
            return
        cycle = self.cycle
        is_served = cycle is not None and not cycle.more_body and not cycle.response_complete
        if is_served:
            self._stop_timer()
        elif not self._timer:
            self._start_timer(self._bounds.seconds, self._expire)
        if is_served and not self.flow.write_paused:
            self._bounds.waiting.pop(self, None)
        else:
            self._bounds.waiting.setdefault(self)

    def _expire(self) -> None:
        if self.transport.get_write_buffer_size():  # the client reads a response still
            self._start_timer(self._bounds.seconds, self._expire)
        elif not self._is_deaf and (self._is_in_head or self._is_in_body):
            self._refuse(_TOO_SLOW)
        else:
            self.drop()

    def _refuse(self, problem: Problem) -> None:
        """Answers the request that is not complete, unless an answer to it or to an earlier one is due."""
        cycle = self.cycle
        is_first = cycle is None or cycle.response_complete
        if self._is_in_body:
            is_first = not cycle.response_started and not self.pipeline
            cycle.disconnected = is_first
        if not is_first or self.transport.is_closing():
            self.drop()
        else:
            self.transport.write(_raw(problem))
            self._end()

    def _end(self) -> None:
        """Closes it once the client had time to read the response."""
        self._is_deaf = True
        if not self.transport.is_closing():
            self.transport.write_eof()
        self._start_timer(_REFUSAL_SECONDS, self._expire)

    def _start_timer(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, then)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _leave(self) -> None:
        self._stop_timer()
        self._bounds.waiting.pop(self, None)


def _raw(problem: Problem) -> bytes:
    response = proxy_problem(problem, {"Connection": "close"})
    body: bytes = response["body"].encode()
    headers = {name: values[0] for name, values in response["multiValueHeaders"].items()}
    lines = [f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in {**headers, "Content-Length": len(body)}.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
