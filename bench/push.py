"""Pushed changes: 1,000 connections that follow 200 stories, which change 200 times a second for 30 s.

Changes are made by a thread of the server, as the steps make them; each carries the time at which it was.
Client and server are on the same machine, over loopback. A client that is late may miss a change that a newer
one of the same story replaced; the last of each story has to arrive.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

import psutil
from websockets.asyncio.client import ClientConnection, connect

from bench import processes
from bench.figures import Finding, Result, Target, single
from pipeline.api.gateway import Api
from pipeline.api.in_process.runner import InProcess
from pipeline.api.service import OnDemand
from pipeline.bootstrap import build_app, build_store
from pipeline.config.settings import Settings
from pipeline.server.asgi import build_server
from pipeline.server.connections import connections_of, file_handles, pushed_of
from pipeline.server.listening import listen, run
from pipeline.server.push.endpoint import Endpoint
from pipeline.server.push.hub import Hub
from pipeline.server.push.tickets import Tickets
from pipeline.steps import status

_CONNECTIONS, _STORIES, _RATE = 1000, 200, 200
_EDITION = "fr"
_HANDLES = 8192
_PATIENCE = 120.0


@dataclass
class Received:
    """latencies: seconds from each change to its receipt. ended: connections that received the last one."""

    latencies: list[float] = field(default_factory=list)
    ended: int = 0


def measure(quick: bool) -> Result:
    connections, seconds = (200, 6) if quick else (_CONNECTIONS, 30)
    with (
        _handles(),
        tempfile.TemporaryDirectory(prefix="stories-bench-") as out,
        processes.server("bench.push", out, connections, seconds) as address,
    ):
        [server] = psutil.Process().children()
        received, memory, cpu = asyncio.run(_follow(address, connections, seconds, server))
    expected = seconds * _RATE * connections // _STORIES
    delays = quantiles(received.latencies, n=100, method="inclusive")
    third, end = (used / 1e6 for used in memory)
    note = (
        f"{connections} connections; {len(received.latencies)} of {expected}; newer ones replaced the others"
    )
    what = f"{_RATE} changes a second for {seconds} s"
    lost = connections - received.ended
    return Result(
        [
            Finding(
                "Push",
                f"{what}, received",
                single(len(received.latencies) / expected),
                "",
                Target(0.99, True),
                note,
            ),
            Finding("Push", f"{what}, clients without the last state", single(lost), "", Target(0)),
            Finding("Push", f"{what}, p50", single(delays[49] * 1000), "ms"),
            Finding("Push", f"{what}, p99", single(delays[98] * 1000), "ms", Target(250)),
            Finding(
                "Push",
                f"{what}, memory at the end / after a third",
                single(end / third),
                "",
                Target(1.05),
                f"{third:.1f} MB, then {end:.1f} MB",
            ),
            Finding("Push", f"{what}, processor time of the server", single(cpu / seconds), "cores"),
        ]
    )


async def _follow(
    address: str, connections: int, seconds: int, server: psutil.Process
) -> tuple[Received, tuple[int, int], float]:
    """What was received, the server's memory after a third and at the end, and its processor's seconds."""
    received = Received()
    async with AsyncExitStack() as opened:
        clients = [
            await opened.enter_async_context(connect(each, proxy=None, compression=None))
            for each in _addresses(address, connections)
        ]
        for number, client in enumerate(clients):
            await client.send(
                json.dumps({"follow": [{"id": _story(number % _STORIES), "edition": _EDITION}]})
            )
        before = sum(server.cpu_times()[:2])
        reading = asyncio.gather(*(_read(client, received) for client in clients))
        while not received.latencies:
            await asyncio.sleep(0.1)
        await asyncio.sleep(seconds / 3)
        third = server.memory_info().rss
        async with asyncio.timeout(_PATIENCE):
            await reading
        return received, (third, server.memory_info().rss), sum(server.cpu_times()[:2]) - before


async def _read(client: ClientConnection, received: Received) -> None:
    async for message in client:
        event = json.loads(message)
        if event["state"] == status.DONE:
            received.ended += 1
            return
        received.latencies.append(time.monotonic() - event["done"] / 1e6)


def _addresses(address: str, count: int) -> Iterator[str]:
    """Each with a ticket of its own, drawn when it is used."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    for _ in range(count):
        connection.request("POST", "/push", "{}", {"Content-Type": "application/json"})
        yield json.load(connection.getresponse())["address"]
    connection.close()


def _story(number: int) -> str:
    return f"{number:032x}"


@contextmanager
def _handles() -> Iterator[None]:
    """A server allows a sixth of its file handles as WebSockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_HANDLES, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _change(hub: Hub, endpoint: Endpoint, connections: int, seconds: int) -> None:
    """Once all are connected: each story once a second, and at the end the last state of each."""
    while endpoint.connections < connections:
        time.sleep(0.1)
    time.sleep(2)
    begin = time.monotonic()
    for number in range(seconds * _RATE):
        time.sleep(max(0.0, begin + number / _RATE - time.monotonic()))
        at = int(time.monotonic() * 1e6)
        hub.changed(_story(number % _STORIES), _EDITION, status.SPEAKING, at, at)
    for number in range(_STORIES):
        hub.changed(_story(number), _EDITION, status.DONE)


def main(out: str, connections: str, seconds: str) -> None:
    """A server that changes, in a process of its own, whose first line on stdout is its address."""
    listening = listen("127.0.0.1", 0)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    settings = Settings(profile="fake", out=Path(out))
    hub, tickets = Hub(), Tickets()
    app = replace(build_app(settings, build_store(settings)), changes=hub)
    endpoint = Endpoint(app, hub, tickets, pushed_of(connections_of(file_handles())))
    api = Api(OnDemand(app, InProcess(app), tickets=tickets), wait=0)
    api.warm()
    asgi = build_server(api, None, None, None, endpoint=endpoint)
    options = (hub, endpoint, int(connections), int(seconds))
    threading.Thread(target=_change, args=options, daemon=True).start()
    run(asgi, listening, "", 1, lambda: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
