"""The local server's API and WebSocket in this process, over real sockets, with a client library's client."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from websockets.sync.client import ClientConnection, connect

from pipeline.api.gateway import Api
from pipeline.api.in_process.runner import InProcess
from pipeline.api.service import OnDemand
from pipeline.engines.fake import MemoryStore
from pipeline.ports import Store
from pipeline.server.asgi import build_server
from pipeline.server.listening import config
from pipeline.server.push.endpoint import Endpoint
from pipeline.server.push.hub import Hub
from pipeline.server.push.tickets import Tickets
from tests.api.servers import call
from tests.making import fake_app

PATIENCE = 60.0
STORY = "0" * 31


def identity(number: int) -> str:
    return f"{STORY}{number:x}"


@dataclass
class Pushing:
    """A server. hub: its Changes port. endpoint: counts its WebSockets. base: its URL."""

    hub: Hub
    endpoint: Endpoint
    base: str
    api: OnDemand
    clients: ExitStack = field(default_factory=ExitStack)

    @property
    def address(self) -> str:
        """Of a new connection, with its ticket."""
        response = call(self.base, "POST", "/push", {})
        assert response.status == 200, response
        return str(response.json["address"])

    def connect(self, address: str = "", **options: Any) -> Client:
        return Client(self.clients.enter_context(connect(address or self.address, proxy=None, **options)))


@dataclass
class Client:
    link: ClientConnection

    def follow(self, *editions: tuple[str, str] | tuple[str, str, str]) -> None:
        named = [dict(zip(("id", "edition", "seen"), each, strict=False)) for each in editions]
        self.link.send(json.dumps({"follow": named}))

    def next(self) -> dict[str, Any]:
        message = self.link.recv(timeout=PATIENCE)
        assert len(message) <= 4096
        event: dict[str, Any] = json.loads(message)
        return event

    def until(self, state: str) -> list[dict[str, Any]]:
        """All events up to the first of this state."""
        events = [self.next()]
        while events[-1]["state"] != state:
            events.append(self.next())
        return events


@contextmanager
def pushing(
    store: Store | None = None, most: int = 100, origin: str = "", **engines: Any
) -> Iterator[Pushing]:
    hub, tickets = Hub(), Tickets()
    app = replace(fake_app(store or MemoryStore(), **engines), changes=hub)
    stories = OnDemand(app, InProcess(app), tickets=tickets)
    endpoint = Endpoint(app, hub, tickets, most, origin)
    asgi = build_server(Api(stories, 60, origin), None, None, None, endpoint=endpoint)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(config(asgi))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    with ExitStack() as ending:
        ending.callback(thread.join, PATIENCE)
        ending.callback(setattr, server, "should_exit", True)
        running = Pushing(hub, endpoint, "http://127.0.0.1:{1}".format(*listening.getsockname()), stories)
        with running.clients:
            yield running
    assert not thread.is_alive()
