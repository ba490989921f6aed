"""The server's WebSocket, /ws: admits who has a ticket and comes from an allowed page."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from anyio import CapacityLimiter
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from pipeline.api import push
from pipeline.api.problems import Problem
from pipeline.app import App
from pipeline.server.proxy import problem_response
from pipeline.server.push.connection import Connection
from pipeline.server.push.hub import Hub, Read
from pipeline.server.push.tickets import PATH, Tickets

# Threads that read how far an edition is, when it is followed.
_THREADS = 4
_FULL = Problem("busy", 503, "This server has no connection left: poll meanwhile.", 60)
_FOREIGN = Problem("forbidden", 403, "Only this server's own page may connect.")
_NO_TICKET = Problem("bad-ticket", 403, "POST /push gives a ticket, for one connection within a minute.")


class Endpoint:
    """most: of `connections` at a time.

    origin: of a page elsewhere that may connect, "" for none, "*" for any.
    """

    def __init__(self, app: App, hub: Hub, tickets: Tickets, most: int, origin: str = "") -> None:
        self.hub = hub
        self.read: Read = partial(push.current, app)
        self._tickets = tickets
        self._most = most
        self._origin = origin
        self.connections = 0

    @property
    def route(self) -> WebSocketRoute:
        # One for all connections, which share its threads.
        limiter = CapacityLimiter(_THREADS)

        async def serve(socket: WebSocket) -> None:
            if problem := self._problem(socket):
                return await socket.send_denial_response(problem_response(problem))
            self.connections += 1
            try:
                await Connection(socket, self.hub, self.read, limiter).serve()
            finally:
                self.connections -= 1

        return WebSocketRoute(PATH, serve)

    def _problem(self, socket: WebSocket) -> Problem | None:
        """Why it is not accepted. A ticket is used up by nobody else."""
        if not self._is_allowed(socket.headers.getlist("origin"), socket.headers.get("host", "")):
            return _FOREIGN
        if self.connections >= self._most:
            return _FULL
        return None if self._tickets.use(socket.query_params.get("ticket", "")) else _NO_TICKET

    def _is_allowed(self, origins: list[str], host: str) -> bool:
        """A browser says from which page a script connects; other clients say nothing."""
        if not origins or self._origin == "*":
            return True
        own = urlsplit(origins[0]).netloc == host
        return len(origins) == 1 and (own or origins[0] == self._origin)
