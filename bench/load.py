"""Load from this machine: a closed loop, keep-alive, loopback only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles
from urllib.parse import urlsplit

_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """latencies: seconds of each answered request. statuses: how many came of each. lost: no answer came."""

    latencies: list[float]
    statuses: dict[int, int]
    lost: int
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, percent: int) -> float:
        return quantiles(self.latencies, n=100, method="inclusive")[percent - 1]


def press(base: str, ask: Callable[[int], bytes], clients: int, requests: int) -> Load:
    """`ask` gives the whole request of each number, as bytes on the wire. Raises ValueError: not loopback."""
    address = urlsplit(base)
    if address.hostname != "127.0.0.1" or address.port is None:
        raise ValueError(f"load is for this machine only, not {base}")
    return asyncio.run(_press(address.port, ask, clients, requests))


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post(path: str, body: str) -> bytes:
    data = body.encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


async def _press(port: int, ask: Callable[[int], bytes], clients: int, requests: int) -> Load:
    numbers = iter(range(requests))
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    lost = 0

    async def client() -> None:
        nonlocal lost
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        for number in numbers:
            began = time.perf_counter()
            try:
                async with asyncio.timeout(_PATIENCE):
                    status = await _exchange(reader, writer, ask(number))
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                lost += 1
                return
            latencies.append(time.perf_counter() - began)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Load(latencies, statuses, lost, time.perf_counter() - began)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(b" ")[1])
