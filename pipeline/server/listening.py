"""uvicorn on a socket of our own, with bounds on its connections."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from pipeline.api.push import MOST_BYTES
from pipeline.errors import ConfigError
from pipeline.server.connections import Bounds, connections_of, file_handles
from pipeline.server.push.protocol import PushProtocol

# Connections that wait to be accepted; the system may allow fewer.
_QUEUE = 4096
# Between two requests of a connection.
_IDLE_SECONDS = 5
# Between two pings of a WebSocket, and until it must have answered: a client that is gone is noticed then.
_PING_SECONDS = 20.0


def listen(host: str, port: int) -> socket.socket:
    """port: 0 for any that is free. Raises ConfigError."""
    reason = "a port is a number from 0 to 65535"
    if 0 <= port < 2**16:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listening = socket.create_server((host, port), family=family, backlog=_QUEUE)
        except OSError as error:  # taken, unknown, not allowed
            reason = str(error.strerror).partition(" (while")[0]
        else:
            # Its connections inherit it; asyncio sets it only on sockets that were opened with IPPROTO_TCP.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return listening
    raise ConfigError(
        f"cannot listen on {host}:{port} ({reason}): choose another with --port", problem="bad-setting"
    )


def run(app: Any, listening: socket.socket, proxy: str, grace: int, stop: Callable[[], None]) -> None:
    """Until Ctrl-C, which raises KeyboardInterrupt: uvicorn raises the signal again that ended it.

    proxy: whose X-Forwarded-For and -Proto are believed, "" for nobody's. grace: seconds to answer requests
    that are being served. stop: called first, so that those that wait for a story are answered at once.
    """
    _Server(config(app, proxy, grace), stop).run(sockets=[listening])


def config(app: Any, proxy: str = "", grace: int = 1) -> uvicorn.Config:
    bounds = Bounds(connections_of(file_handles()))
    return uvicorn.Config(
        app,
        loop="asyncio",  # everywhere: uvloop is installed for other packages' sake, if at all
        http=bounds.protocol,
        ws=PushProtocol,
        ws_max_size=MOST_BYTES,
        ws_ping_interval=_PING_SECONDS,
        ws_ping_timeout=_PING_SECONDS,
        ws_per_message_deflate=False,  # messages are short, and each connection would need a window
        backlog=bounds.accepted,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=grace,
        proxy_headers=bool(proxy),
        forwarded_allow_ips=proxy,
        log_config=None,
        access_log=False,
        server_header=False,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            listening.listen(_QUEUE)  # uvicorn's backlog is also how many are accepted in one turn

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stop()
        super().handle_exit(sig, frame)
