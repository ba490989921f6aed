"""Clients that may not connect, send too much, or do not read."""

from __future__ import annotations

import json
import socket
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pipeline.api.problems import TYPE
from pipeline.server import listening
from pipeline.server.push import connection, protocol
from pipeline.server.push.tickets import Tickets
from pipeline.steps import status
from tests.api.calling import until
from tests.server.push.serving import PATIENCE, Client, Pushing, identity, pushing

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455
MASK = b"\x00\x00\x00\x00"


def refusal(server: Pushing, address: str = "", **options: object) -> tuple[int, str]:
    """Status and problem with which a handshake is answered."""
    with pytest.raises(InvalidStatus) as refused:
        server.connect(address, **options)
    response = refused.value.response
    return response.status_code, json.loads(response.body)["type"].removeprefix(TYPE)


def closed(client: Client) -> int:
    """The code with which the server closes it."""
    with suppress(ConnectionClosed):
        while True:
            client.link.recv(timeout=PATIENCE)
    return client.link.close_code or 0


def handshake(server: Pushing, *headers: str, buffer: int = 0) -> socket.socket:
    """A raw connection after its request. buffer: of what it receives and does not read, in bytes."""
    address = urlsplit(server.address)
    raw = socket.socket()
    if buffer:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    raw.settimeout(PATIENCE)
    raw.connect((address.hostname, address.port))
    lines = [f"GET {address.path}?{address.query} HTTP/1.1", f"Host: {address.netloc}", *headers]
    lines += [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {KEY}",
    ]
    raw.sendall("\r\n".join([*lines, "", ""]).encode())
    return raw


def accepted(server: Pushing, buffer: int = 0) -> socket.socket:
    raw = handshake(server, buffer=buffer)
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        received += raw.recv(1)
    assert received.startswith(b"HTTP/1.1 101 ")
    return raw


def frame(opcode: int, data: bytes = b"", is_last: bool = True) -> bytes:
    """Masked with zeros, so that it reads as it is. data: less than 126 bytes."""
    return bytes([opcode | (0x80 if is_last else 0), 0x80 | len(data)]) + MASK + data


def ends(raw: socket.socket) -> bool:
    """The server ends the connection, whatever it sends before."""
    try:
        while raw.recv(65_536):
            pass
    except ConnectionResetError:
        pass
    return True


def test_a_ticket_is_good_for_one_connection() -> None:
    with pushing() as server:
        address = server.address
        server.connect(address)
        assert refusal(server, address) == (403, "bad-ticket")
        assert refusal(server, address.partition("?")[0]) == (403, "bad-ticket")
        assert refusal(server, address.replace("ticket=", "ticket=x")) == (403, "bad-ticket")


def test_a_ticket_is_good_for_a_minute_and_the_oldest_are_dropped() -> None:
    now = [1000.0]
    tickets = Tickets(clock=lambda: now[0])
    used, late, *_, last = [tickets.address("https", "h").partition("=")[2] for _ in range(4098)]
    now[0] += 59.9
    assert [tickets.use(ticket) for ticket in (used, last)] == [False, True]
    now[0] += 0.2
    assert not tickets.use(late)


def test_a_foreign_page_may_not_connect() -> None:
    with pushing(origin="https://page.example") as server:
        own = server.base
        for origin in ("https://evil.example", "null", f"{own}.evil.example", "", own.replace("1:", "1:1")):
            assert refusal(server, origin=origin) == (403, "forbidden")
        for origin in (own, "https://page.example"):
            server.connect(origin=origin)


def test_a_name_that_is_not_the_servers_may_not_connect() -> None:
    with pushing() as server:
        address = urlsplit(server.address)
        raw = socket.create_connection((address.hostname or "", address.port or 0))
        named = address._replace(netloc=f"evil.example:{address.port}").geturl()
        assert refusal(server, named, sock=raw) == (400, "unknown-host")


def test_connections_are_bounded_and_each_that_ends_makes_room() -> None:
    with pushing(most=2) as server:
        first, _ = server.connect(), server.connect()
        assert refusal(server) == (503, "busy")
        first.link.close()
        until(lambda: server.endpoint.connections == 1)
        server.connect()


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        "null",
        "[" * 4000,
        '{"follow": {}}',
        '{"follow": [1]}',
        '{"follow": [{"id": "../x", "edition": "fr"}]}',
        json.dumps({"follow": [{"id": identity(1), "edition": "fr/../x"}]}),
        json.dumps({"follow": [{"id": identity(1), "edition": "fr", "seen": 1}]}),
        json.dumps({"follow": [{"id": identity(1), "edition": "fr"}] * 21}),
        b"{}",
    ],
)
def test_what_is_no_message_ends_the_connection(message: str | bytes) -> None:
    with pushing() as server:
        client = server.connect()
        client.link.send(message)
        assert closed(client) == 1008


def test_a_message_that_is_too_large_ends_the_connection() -> None:
    with pushing() as server:
        client = server.connect()
        client.link.send("x" * 4097)
        assert closed(client) == 1009


def test_too_many_messages_end_the_connection() -> None:
    with pushing() as server:
        client = server.connect()
        with suppress(ConnectionClosed):
            for _ in range(30):
                client.follow()
        assert closed(client) == 1008


@pytest.mark.parametrize(
    "sent",
    [frame(0x9, b"x" * 100) * 1000, frame(0x1, b"x", is_last=False) + frame(0x0, is_last=False) * 100],
    ids=["pings", "empty parts"],
)
def test_a_flood_below_the_messages_ends_the_connection(sent: bytes) -> None:
    with pushing() as server, closing(accepted(server)) as raw:
        with suppress(ConnectionResetError, BrokenPipeError):
            raw.sendall(sent)
        assert ends(raw)


def test_a_client_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_PING_SECONDS", 0.1)
    with pushing() as server, closing(accepted(server)) as raw:
        assert ends(raw)  # it answers no ping


def test_a_client_that_follows_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_IDLE_SECONDS", 0.1)
    with pushing() as server:
        assert closed(server.connect()) == 1001


def test_a_handshake_that_cannot_be_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_SECONDS", 0.1)
    with pushing() as server, closing(handshake(server, "Long: " + "x" * 9000)) as raw:
        assert ends(raw)


def test_a_slow_reader_is_let_go_and_others_receive_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    with pushing() as server, closing(accepted(server, buffer=2048)) as raw:
        status.queue(server.api.app.store, identity(1), "fr")
        follow = {"follow": [{"id": identity(1), "edition": "fr"}]}
        raw.sendall(frame(0x1, json.dumps(follow).encode()))
        reader = server.connect()
        reader.follow((identity(1), "fr"))
        assert reader.next()["state"] == "queued"
        monkeypatch.setattr(protocol, "_SECONDS", 0.2)  # both have shaken hands
        done = 0
        while server.endpoint.connections == 2:
            done += 1
            server.hub.changed(identity(1), "fr", status.SPEAKING, done, 10**9)
            while reader.next()["done"] != done:
                pass
        assert server.endpoint.connections == 1


def test_a_request_that_cannot_become_a_websocket_is_answered_as_any_other() -> None:
    with pushing() as server:
        for path, headers, body in (
            ("/ws", "Content-Length: 2\r\n", "{}"),
            ("/stories", "", ""),
            ("/ws/", "", ""),
        ):
            raw = socket.create_connection(urlsplit(server.base).netloc.split(":"), timeout=PATIENCE)
            with closing(raw):
                head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n"
                raw.sendall(f"{head}Upgrade: websocket\r\n{headers}\r\n{body}".encode())
                assert raw.recv(12) in {b"HTTP/1.1 404", b"HTTP/1.1 200"}
