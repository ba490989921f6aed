"""The API on this machine: a cached story under load, and acceptance while the model is slow.

Beside it a bare uvicorn that sends the same bytes: the difference is ours. The load is a closed loop with
keep-alive, over loopback only.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

from bench import processes
from bench.figures import Finding, Result, Spread, Target, interleaved, ratios, single, spread

_CLIENTS = (1, 8, 32, 64)
# p50 and p99 in ms, requests a second; client and server on the same machine.
_TARGETS = {8: (Target(5), Target(25), Target(1000, at_least=True))}
_IDEA = {"context": "a shy snail", "locale": "fr", "variant": 7}
_SLOW_SECONDS = 90
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """latencies: seconds of each response. statuses: responses of each status. lost: requests without one."""

    latencies: list[float]
    statuses: dict[int, int]
    lost: int
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, percent: int) -> float:
        """Milliseconds."""
        return quantiles(self.latencies, n=100, method="inclusive")[percent - 1] * 1000


def measure(quick: bool) -> Result:
    requests, pairs = (2_000, 3) if quick else (10_000, 5)
    with _ours() as address:
        story = _finished_story(address)
        with _bare(address + story) as bare:
            loads = {
                clients: interleaved(
                    lambda _, clients=clients: press(address, lambda _: get(story), clients, requests),
                    lambda _, clients=clients: press(bare, lambda _: get("/"), clients, requests),
                    pairs,
                )
                for clients in _CLIENTS
            }
    findings = [line for clients, runs in loads.items() for line in _lines(clients, runs)]
    statuses = {clients: [load.statuses for pair in runs for load in pair] for clients, runs in loads.items()}
    return Result([*findings, _mixed(quick), _accepted(quick)], {"statuses": statuses})


def _lines(clients: int, runs: list[tuple[Load, Load]]) -> Iterator[Finding]:
    what = f"cached story, {clients} client{'s' if clients > 1 else ''}"
    own = [pair[0] for pair in runs]
    p50, p99, rate = _TARGETS.get(clients, (None, None, None))
    total = sum(len(load.latencies) for load in own)
    bad = total - sum(load.statuses.get(200, 0) for load in own)
    note = f"{sum(load.lost for load in own)} lost, {bad} other than 200, of {total}"
    yield Finding("API", f"{what}, p50", spread(load.percentile(50) for load in own), "ms", p50)
    yield Finding("API", f"{what}, p99", spread(load.percentile(99) for load in own), "ms", p99)
    yield Finding("API", f"{what}, rate", spread(load.per_second for load in own), "/s", rate, note)
    bare = ratios((bare.per_second, ours.per_second) for ours, bare in runs)
    yield Finding("API", f"{what}, bare uvicorn's rate / ours", bare)


def _mixed(quick: bool) -> Finding:
    """64 clients: nine of ten requests are for a finished story, the tenth is for a new one, or to wait."""
    requests = 4_000 if quick else 20_000
    with _ours(waiting=16) as address:
        story = _finished_story(address)
        load = press(address, lambda number: get(story) if number % 10 else _new_story(number), 64, requests)
    note = f"{load.per_second:.0f}/s; statuses {load.statuses}, {load.lost} lost of {requests}"
    what = "64 clients, 90 % cached, a queue of 16, p99"
    return Finding("API", what, single(load.percentile(99)), "ms", None, note)


def _accepted(quick: bool) -> Finding:
    """Eight clients send new stories, all accepted at once, while the writer is silent for 90 s."""
    requests = 400 if quick else 2_000
    with _ours(_SLOW_SECONDS) as address:
        load = press(address, _new_story, 8, requests)
    figure = Spread(load.percentile(99) / 1000, min(load.latencies), max(load.latencies), requests)
    note = f"p50 {load.percentile(50):.1f} ms; statuses {load.statuses}, {load.lost} lost"
    what = f"a new story accepted (202) while the model takes {_SLOW_SECONDS} s, 8 clients, p99"
    return Finding("API", what, figure, "s", Target(1), note)


@contextmanager
def _ours(seconds: float = 0, waiting: int = 10_000) -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="stories-bench-") as out,
        processes.server("bench.servers", "ours", out, seconds, waiting) as address,
    ):
        yield address


@contextmanager
def _bare(url: str) -> Iterator[str]:
    """A bare server of the body at `url`."""
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as folder:
        body = Path(folder) / "body"
        with urllib.request.urlopen(url, timeout=60) as response:
            body.write_bytes(response.read())
        with processes.server("bench.servers", "bare", body) as address:
            yield address


def _finished_story(address: str) -> str:
    """The path of a story that is ready."""
    request = urllib.request.Request(
        address, json.dumps(_IDEA).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        story = json.load(response)
    return f"/stories/{story['id']}/{story['locale']}"


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def _new_story(number: int) -> bytes:
    data = json.dumps({"context": f"a shy snail who counts to {number}", "locale": "fr"}).encode()
    head = "POST /stories HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


def press(address: str, request: Callable[[int], bytes], clients: int, requests: int) -> Load:
    """`request` gives the bytes of each number's request. Raises ValueError if not loopback."""
    parts = urlsplit(address)
    if parts.hostname != "127.0.0.1" or parts.port is None:
        raise ValueError(f"load is for this machine only, not {address}")
    return asyncio.run(_press(parts.port, request, clients, requests))


async def _press(port: int, request: Callable[[int], bytes], clients: int, requests: int) -> Load:
    numbers = iter(range(requests))
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    lost = 0

    async def client() -> None:
        nonlocal lost
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        for number in numbers:
            start = time.perf_counter()
            try:
                async with asyncio.timeout(_PATIENCE):
                    status = await _exchange(reader, writer, request(number))
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                lost += 1
                return
            latencies.append(time.perf_counter() - start)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Load(latencies, statuses, lost, time.perf_counter() - start)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """The response's status, once its body is read."""
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(b" ")[1])
