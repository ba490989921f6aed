"""Requests that are almost right: real ones with bytes changed, doubled, cut or put in, over raw sockets."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from random import Random
from urllib.parse import urlsplit

from bench.campaign.frame import Outcome

EACH = 2_500
# Seconds within which an answer, or the end of the connection, has to come.
_PATIENCE = 3.0
# Faults after which a case ends: every silence takes its time.
_ENOUGH = 4
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_ID = b"0123456789abcdef" * 2

_BODIES = (
    b'{"context": "a shy snail", "locale": "fr", "variant": 3}',
    b'{"locale": "it", "voice": "low", "pace": 0.9}',
    b'{"context": "\\u0000\\ud800 <script>", "experimental": true}',
    b'{"published": true}',
    b'{"pin": "2580", "old": "0000"}',
    b'{"context": ' + b"[" * 200 + b"]" * 200 + b"}",
    b"",
)
_LINES = (
    b"POST /stories HTTP/1.1",
    b"GET /stories?cursor=en/2&locale=fr HTTP/1.1",
    b"GET /stories/" + _ID + b"/fr HTTP/1.1",
    b"POST /stories/" + _ID + b"/locales HTTP/1.1",
    b"GET /media/stories/" + _ID + b"/en/x.mp3?expires=1&signature=00 HTTP/1.1",
    b"DELETE /stories/" + _ID + b" HTTP/1.1",
    b"PUT /stories/" + _ID + b"/fr/published HTTP/1.1",
    b"PUT /pin HTTP/1.1",
    b"GET /shelf?locale=fr HTTP/1.1",
    b"GET /locales HTTP/1.1",
    b"GET /openapi.json HTTP/1.1",
    b"OPTIONS /stories HTTP/1.1",
    b"HEAD /health HTTP/1.1",
)
_HEADERS = (
    b"Content-Type: application/json",
    b"Idempotency-Key: one tap",
    b"X-Pin: 0000",
    b"Origin: http://elsewhere.example",
    b"X-Forwarded-For: 127.0.0.1, 10.0.0.1",
    b"Accept-Language: fr;q=0.1, *",
    b"Range: bytes=0-1,5-9",
    b"Transfer-Encoding: chunked",
    b"Expect: 100-continue",
    b"Upgrade: websocket\r\nConnection: upgrade",
    b"Content-Length: 99999999999",
)
_BYTES = (
    b"\0",
    b"\r\n",
    b"%00",
    b"%2e%2e/",
    b"\xff",
    b"\xe2\x80\xae",
    b"\t",
    b"'",
    b'"',
    b"{",
    b"9" * 40,
    b"A" * 3000,
)


def request(random: Random, host: bytes) -> bytes:
    body = random.choice(_BODIES)
    headers = random.sample(_HEADERS, random.randrange(4))
    lines = [random.choice(_LINES), b"Host: " + host, *headers, b"Content-Length: %d" % len(body)]
    data = b"\r\n".join(lines) + b"\r\n\r\n" + body
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        data = random.choice(_MUTATIONS)(data, random)
    return data


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_BYTES) + data[at:]


def _change(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(1, len(data) + 1)] or b"G"


def _double(data: bytes, random: Random) -> bytes:
    begin, end = sorted(random.randrange(len(data)) for _ in range(2))
    return data[:end] + data[begin:]


_MUTATIONS: tuple[Callable[[bytes, Random], bytes], ...] = (_insert, _insert, _change, _change, _cut, _double)


def attack(outcome: Outcome, address: str, random: Random, count: int) -> None:
    """Counts the answers; each 5xx but a busy 503, and each silence, is a fault, with what was sent."""
    place = urlsplit(address)
    host = place.netloc.encode()
    connection: socket.socket | None = None
    for number in range(count):
        data = request(random, host)
        outcome.count += 1
        begun = time.monotonic()
        try:
            connection = connection or socket.create_connection((place.hostname, place.port), _PATIENCE)
            connection.sendall(data)
            # What the server may still wait for is not to come.
            if number % 4 == 0 or not _is_whole(data):
                connection.shutdown(socket.SHUT_WR)
                answer = _until_closed(connection)
                connection.close()
                connection = None
            else:
                answer = connection.recv(65536)
        except TimeoutError:
            outcome.check(False, f"request {number} hangs: {data[:300]!r}")
            if len(outcome.faults) >= _ENOUGH:
                return
            connection = None
            continue
        except OSError:  # a reset is an answer to what is no request
            connection, answer = None, b""
        if not answer.startswith(b"HTTP/1.1 2") and connection:
            connection.close()
            connection = None
        _count(outcome, answer, data)
        outcome.add("most seconds", round(time.monotonic() - begun, 2))


def _count(outcome: Outcome, answer: bytes, data: bytes) -> None:
    statuses = [int(status) for status in _STATUS.findall(answer)]
    for status in statuses or [0]:
        outcome.add(f"{status // 100}xx" if status else "closed")
        outcome.check(status < 500 or status == 503, f"{status} for {data[:300]!r}")


def _until_closed(connection: socket.socket) -> bytes:
    deadline, data = time.monotonic() + _PATIENCE, b""
    while piece := connection.recv(65536):
        data += piece
        if time.monotonic() > deadline:
            raise TimeoutError
    return data


def _is_whole(data: bytes) -> bool:
    """Whether its length is as it says, as far as a simple look can see."""
    head, end, body = data.partition(b"\r\n\r\n")
    lengths = re.findall(rb"(?i)\r\ncontent-length: (\d+)(?=\r|$)", head)
    return bool(end) and len(lengths) == 1 and int(lengths[0]) <= len(body) and b"chunked" not in head.lower()
