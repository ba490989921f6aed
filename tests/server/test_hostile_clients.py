"""`stories serve` with few file handles beside clients that hold connections, send too much, or break off."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.api.calling import until
from tests.api.servers import Server, serving
from tests.command import Stories

HANDLES = 128
IDLE, DRIPPING = 200, 50
BEGUN = b"POST /stories HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
MEGABYTE = b"x" * 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limited = ["sh", "-c", f'ulimit -n {HANDLES}; exec "$@"', "sh"]
    with serving(Stories(tmp_path_factory.mktemp("server")), before=limited) as [server]:
        until(lambda: server.lines[-1].startswith("More: "))  # the end of its greeting
        yield server


def connect(server: Server) -> socket.socket:
    address = urlsplit(server.base)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=60)


def log_of(server: Server, start: int) -> list[str]:
    """Its lines since then, once it logged a request that is made now."""
    server("GET", "/nothing")
    until(lambda: any("GET /nothing" in line for line in server.lines[start:]))
    return [line for line in server.lines[start:] if not re.match("calling |.* GET /nothing ", line)]


def test_a_story_is_made_beside_more_connections_than_handles(server: Server) -> None:
    start = len(server.lines)
    with ExitStack() as connections:
        for number in range(IDLE + DRIPPING):
            connection = connections.enter_context(closing(connect(server)))
            if number % (IDLE // DRIPPING + 1) == 0:
                with suppress(OSError):  # it is closed for another
                    connection.sendall(BEGUN + b"X-Slow: ")
            if number % 50 == 49:
                body = {"context": "a shy snail", "variant": number}
                assert server("POST", "/", body).status == 200
    assert [line for line in log_of(server, start) if " 200 POST / " not in line] == []


def test_a_wish_for_a_websocket_is_answered(server: Server) -> None:
    """httptools leaves the body of such a request to the other protocol, so that it is refused as empty."""
    wish = b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\n{}"
    with closing(connect(server)) as connection:
        connection.sendall(BEGUN + wish)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_an_endless_head_is_refused_and_takes_no_memory(server: Server) -> None:
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    with closing(connect(server)) as connection:
        connection.sendall(BEGUN + b"X-Large: ")
        connection.sendall(MEGABYTE)
        assert connection.recv(65536).startswith(b"HTTP/1.1 431 ")
        sent = 0
        with suppress(OSError):
            while sent < 500_000_000:  # the server reads no more: at some time it closes
                connection.sendall(MEGABYTE)
                sent += len(MEGABYTE)
                assert process.memory_info().rss - before < 30_000_000
    assert sent < 500_000_000


@pytest.mark.parametrize("framing", [b"Content-Length: 1000\r\n", b"Transfer-Encoding: chunked\r\n"])
@pytest.mark.parametrize("body", [b"", b"3\r\n{"])
def test_an_upload_that_breaks_off_is_one_line_of_the_log(
    server: Server, framing: bytes, body: bytes
) -> None:
    start = len(server.lines)
    with closing(connect(server)) as connection:
        connection.sendall(BEGUN + framing + b"Expect: 100-continue\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")  # it is being read
        connection.sendall(body)
    (line,) = until(lambda: log_of(server, start))
    assert " 408 POST /stories " in line


def test_a_full_disk_is_named_without_a_traceback(tmp_path: Path) -> None:
    """The system refuses files of more than 512 bytes: the server's key is written, no story is."""
    stories = Stories(tmp_path)
    limited = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh"]
    with serving(stories, before=limited) as [server]:
        health = server("GET", "/health")
        assert (health.status, health.problem) == (507, "disk-full")
        assert "free some space" in health.json["detail"]
        story = server("POST", "/", {"context": "a shy snail " * 12})
        assert (story.status, story.problem) == (507, "disk-full")
        log = "".join(log_of(server, 0))
    assert "request failed: the disk of out is full: free some space" in log
    assert "Traceback" not in log
