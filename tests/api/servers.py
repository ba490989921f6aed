"""`stories serve` as processes on one store, called over real sockets."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.api.calling import Response
from tests.command import PACED, Stories

_PATIENCE = 120.0


@dataclass
class Server:
    """lines: its stderr. base: its URL. calls: the engine calls that it began, by method."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    base: str = ""
    _ready: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        assert self._ready.wait(_PATIENCE), self.lines
        assert self.base, self.lines

    def _read(self) -> None:
        assert self.process.stderr
        with self.process.stderr as lines:
            for line in lines:
                self.lines.append(line)
                if address := re.match(r"Stories at (\S+) ", line):
                    self.base = address[1]
                    self._ready.set()
        self._ready.set()

    @property
    def calls(self) -> list[str]:
        return [line.split()[1] for line in self.lines if line.startswith("calling ")]

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Response:
        return call(self.base, method, path, body, **more)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(_PATIENCE)
        self._reading.join(_PATIENCE)

    def stop(self) -> int:
        """Ctrl-C; its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(_PATIENCE)


@contextmanager
def serving(
    stories: Stories,
    options: Sequence[str] = (),
    *,
    seconds: float = 0,
    hold: str = "",
    count: int = 1,
    before: Sequence[str] = (),
    **environ: str,
) -> Iterator[list[Server]]:
    """seconds, hold: the pace of the engines (tests/command.py). count: servers on the one store.

    before: another command, which runs each.
    """
    pace = json.dumps({"seconds": seconds, "hold": hold})
    command = [*before, sys.executable, "-c", PACED, pace, "serve", "--port", "0", *options]
    place = {"cwd": stories.directory, "env": stories.environment(**environ)}
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes, **place) for _ in range(count)]
    servers: list[Server] = []
    try:
        for process in processes:
            servers.append(Server(process))
        yield servers
    finally:
        for process in processes:
            process.kill()
            process.wait(_PATIENCE)
        for server in servers:
            server.kill()


def call(
    base: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> Response:
    """One request on a connection of its own. body: bytes as they are, anything else as JSON."""
    address = urlsplit(base)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    kind = {} if body is None else {"Content-Type": "application/json"}
    try:
        connection.request(method, path, data, {**kind, **(headers or {})})
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, names, response.read().decode("utf-8", "surrogateescape"))
    finally:
        connection.close()
