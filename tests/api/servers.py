"""`stories serve` as processes of their own on one store, asked over real sockets."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.api.calling import Answer
from tests.command import SLOW, Stories

_PATIENCE = 30.0


@dataclass
class Server:
    """calls: how many engine calls it began. told: its stderr, line by line."""

    process: subprocess.Popen[str]
    told: list[str] = field(default_factory=list)
    base: str = ""
    _at_home: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        assert self._at_home.wait(_PATIENCE), self.told
        assert self.base, self.told

    def _read(self) -> None:
        assert self.process.stderr
        with self.process.stderr as told:
            for line in told:
                self.told.append(line)
                if found := re.match(r"Stories at (\S+) ", line):
                    self.base = found[1]
                    self._at_home.set()
        self._at_home.set()

    @property
    def calls(self) -> list[str]:
        return [line.split()[1] for line in self.told if line.startswith("calling ")]

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return ask(self.base, method, path, body, **more)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(_PATIENCE)
        self._reading.join(_PATIENCE)

    def stop(self) -> float:
        """Ctrl-C; the seconds that it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(_PATIENCE)
        return time.monotonic() - started


@contextmanager
def serving(
    stories: Stories, seconds: float = 0, how_many: int = 1, options: Sequence[str] = (), **environ: str
) -> Iterator[list[Server]]:
    """seconds: what each engine call takes."""
    command = [sys.executable, "-c", SLOW, str(seconds), "serve", "--port", "0", *options]
    place = {"cwd": stories.directory, "env": stories.environment(**environ)}
    pipes: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **pipes, **place) for _ in range(how_many)]
    servers: list[Server] = []
    try:
        for process in running:
            servers.append(Server(process))
        yield servers
    finally:
        for process in running:
            process.kill()
            process.wait(_PATIENCE)
        for server in servers:
            server.kill()


def ask(
    base: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request on a connection of its own. body: bytes as they are, anything else as JSON."""
    address = urlsplit(base)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE)
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    kind = {} if body is None else {"Content-Type": "application/json"}
    try:
        connection.request(method, path, data, {**kind, **(headers or {})})
        told = connection.getresponse()
        seen = {name.lower(): value for name, value in told.getheaders()}
        return Answer(told.status, seen, told.read().decode("utf-8", "surrogateescape"))
    finally:
        connection.close()
