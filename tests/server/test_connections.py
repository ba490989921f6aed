"""Bounds on connections: uvicorn with them, over real sockets, around applications of a few lines."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from pipeline.server.connections import Bounds, connections_of
from tests.api.calling import until

_PATIENCE = 60.0
REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


async def read(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body and answers with its length."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


class Held:
    """An application that answers once `released` is set. served, ended: how many requests it had."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.served = self.ended = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.served += 1
        while not self.released.is_set():
            await asyncio.sleep(0.01)
        try:
            await Response()(scope, receive, send)
        finally:
            self.ended += 1


@dataclass
class Clients:
    """Calling it opens a connection. bounds: of the server."""

    bounds: Bounds
    address: tuple[str, int]
    connections: ExitStack

    def __call__(self) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=_PATIENCE)
        return self.connections.enter_context(closing(connection))


@contextmanager
def serving(app: Any, **bounds: Any) -> Iterator[Clients]:
    """A function that opens a connection, and the server's bounds. bounds: of Bounds."""
    listening = socket.create_server(("127.0.0.1", 0))
    chosen = Bounds(**{"connections": 100, **bounds})
    silent: Any = {"log_config": None, "lifespan": "off", "timeout_graceful_shutdown": 1}
    silent["timeout_keep_alive"] = 3600
    server = uvicorn.Server(uvicorn.Config(app, loop="asyncio", http=chosen.protocol, **silent))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    with ExitStack() as connections:
        connections.callback(thread.join, _PATIENCE)
        connections.callback(setattr, server, "should_exit", True)

        yield Clients(chosen, listening.getsockname(), connections)
    assert not chosen.waiting


def rest(connection: socket.socket) -> bytes:
    """What arrives until the server closes the connection."""
    data = bytearray()
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            data += part
    return bytes(data)


def status_of(connection: socket.socket) -> int:
    """Of the next response, which is read."""
    response = HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


def sent(connection: socket.socket, *parts: bytes) -> socket.socket:
    for part in parts:
        connection.sendall(part)
    return connection


def head(size: int, start: bytes = b"GET / HTTP/1.1\r\nHost: x\r\n") -> bytes:
    """A request without a body, of so many bytes."""
    end = b"\r\n\r\n"
    padding = size - len(start) - len(b"X: ") - len(end)
    return start + b"X: " + b"x" * padding + end


@pytest.mark.parametrize("parts", [1, 2, 500])
@pytest.mark.parametrize("earlier", [0, 1])
def test_a_head_of_the_largest_size_is_read_and_a_larger_is_refused(parts: int, earlier: int) -> None:
    with serving(read, head=2000) as connect:
        for size, status in ((2000, 200), (2001, 431), (100_000, 431)):
            connection = connect()
            for _ in range(earlier):
                assert status_of(sent(connection, REQUEST)) == 200
            request = head(size)
            step = -(-size // parts)
            try:
                sent(connection, *(request[start : start + step] for start in range(0, size, step)))
            except (ConnectionResetError, BrokenPipeError):
                assert status == 431
                continue
            assert status_of(connection) == status


def test_a_refusal_is_a_problem_and_closes() -> None:
    with serving(read, head=2000) as connect:
        response = rest(sent(connect(), head(2001)))
    assert b"\r\nContent-Type: application/problem+json\r\n" in response
    assert b"\r\nConnection: close\r\n" in response
    assert b"2000 bytes at most" in response


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("endless", [b"1\r\nx\r\n", b"1;" + b"x" * 9999, b"0\r\nX: " + b"x" * 9999])
def test_chunks_and_what_follows_them_are_bounded_too(endless: bytes) -> None:
    with serving(read, request=5000) as connect:
        connection = sent(connect(), CHUNKED)
        with suppress(OSError):
            sent(connection, endless * (6000 // len(endless) + 1))
        assert status_of(connection) == 413


def test_a_body_in_chunks_of_a_byte_is_read() -> None:
    with serving(read) as connect:
        body = b"1\r\nx\r\n" * 16_384 + b"0\r\n\r\n"
        assert status_of(sent(connect(), CHUNKED, body)) == 200


def test_an_answer_before_the_end_of_a_request_ends_the_connection() -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("no")(scope, receive, send)

    with serving(answer, seconds=3600) as connect:
        connection = sent(connect(), CHUNKED)
        assert status_of(connection) == 200
        assert rest(connection) == b""


def test_an_answer_to_a_request_that_took_too_long_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    app = Held()
    with serving(app, seconds=0.1) as connect:
        connection = sent(connect(), CHUNKED)
        assert status_of(connection) == 408
        app.released.set()
        until(lambda: app.ended)
        assert rest(connection) == b""
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


def test_a_refusal_does_not_overtake_an_earlier_answer(caplog: pytest.LogCaptureFixture) -> None:
    app = Held()
    with serving(app, head=2000) as connect:
        connection = sent(connect(), REQUEST)
        until(lambda: app.served == 1)
        with suppress(OSError):
            sent(connection, head(5000))
        assert rest(connection) == b""
        app.released.set()
        until(lambda: app.ended)
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.parametrize(
    ("begun", "status"),
    [
        (b"", b""),
        (b"POST / HTTP/1.1\r\nHost: x\r\n", b"HTTP/1.1 408 "),
        (REQUEST[:-1], b"HTTP/1.1 408 "),
        (REQUEST, b"HTTP/1.1 200 "),
        (REQUEST + b"POST / HT", b"HTTP/1.1 200 "),
    ],
)
def test_a_connection_that_sends_nothing_more_is_closed(begun: bytes, status: bytes) -> None:
    with serving(read, seconds=0.2) as connect:
        assert rest(sent(connect(), begun)).startswith(status)


def test_a_drop_now_and_then_does_not_extend_the_time() -> None:
    with serving(read, seconds=0.3) as connect:
        connection = connect()
        connection.settimeout(0.01)
        response = b""
        sent(connection, b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        while not response:
            sent(connection, b"x")
            try:
                response = connection.recv(65536)
            except TimeoutError:
                continue
        assert response.startswith(b"HTTP/1.1 408 ")


def test_the_time_to_make_an_answer_is_not_bounded() -> None:
    app = Held()
    with serving(app, seconds=0.1) as connect:
        waits = sent(connect(), REQUEST)
        until(lambda: app.served == 1)
        assert rest(connect()) == b""  # another, which sent nothing: the time is over
        app.released.set()
        assert status_of(waits) == 200


def test_a_connection_too_many_closes_the_longest_idle() -> None:
    app = Held()
    with serving(app, connections=3) as connect:
        waits = sent(connect(), REQUEST)
        until(lambda: app.served == 1)
        first, begun = connect(), sent(connect(), b"GET / HT")
        last = connect()
        assert rest(first) == b""
        sent(last, REQUEST)
        until(lambda: app.served == 2)
        connect()
        assert rest(begun) == b""
        app.released.set()
        assert status_of(waits) == 200
        assert status_of(last) == 200


def test_a_connection_beside_as_many_that_are_served_is_refused() -> None:
    app = Held()
    with serving(app, connections=2) as connect:
        for count in (1, 2):
            sent(connect(), REQUEST)
            until(lambda count=count: app.served == count)
        assert status_of(connect()) == 503
        app.released.set()


LARGE = 20_000_000


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    """More than the buffers between server and client hold, in parts, as a file is sent."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(LARGE // 100_000):
        await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
    await send({"type": "http.response.body"})


def test_a_slow_reader_is_not_closed_by_time() -> None:
    with serving(large, seconds=0.1) as connect:
        slow = sent(connect(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        first = slow.recv(65536)
        assert [rest(connect()), rest(connect())] == [b"", b""]  # which sent nothing: the time is over
        assert len(first + rest(slow)) > LARGE


def test_a_slow_reader_is_closed_for_another_connection() -> None:
    with serving(large, connections=1) as connect:
        slow = sent(connect(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        first = slow.recv(65536)
        until(lambda: connect.bounds.waiting)  # until the buffers are full
        held = set(connect.bounds.waiting)
        connect()
        until(lambda: held.isdisjoint(connect.bounds.waiting))
        assert 0 < len(first + rest(slow)) < LARGE


@pytest.mark.parametrize(("handles", "connections"), [(1024, 341), (128, 42), (4, 8), (10**6, 4096)])
def test_two_of_three_handles_are_left_for_files(handles: int, connections: int) -> None:
    assert connections_of(handles) == connections
    assert 1 <= Bounds(connections).accepted * 4 <= connections
