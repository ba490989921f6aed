"""The page's server, which a test can stop, start again, and let sign addresses."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from pipeline.engines.embedded.files import FileStore
from pipeline.server.reach import network_addresses
from pipeline.server.signed_urls import MediaStore, secret

ROOT = Path(__file__).parents[2]
# So that scenes find stories on the bookshelf too, which a grown-up else puts there one by one.
_ENVIRON = {"STORIES_PUBLISH": "1"}
_READY_SECONDS = 60
_STOP_SECONDS = 30


class PageServer:
    """`stories serve` with the draft profile's engines, on a port and a folder that stay the same."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._port = _free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self.base = f"http://127.0.0.1:{self._port}"

    @property
    def lan(self) -> str:
        """Its address outside of loopback, where browsers trust a page less; a name without a network."""
        host = next(map(str, network_addresses(4)), socket.gethostname())
        return f"http://{host}:{self._port}"

    def start(self) -> None:
        """Waits until it is ready; after a stop it continues unfinished stories."""
        command = [sys.executable, "-m", "pipeline.cli", "serve", "--profile", "draft"]
        # On every interface: some scenes come from the network, as a tablet does.
        options = ["--out", str(self._out), "--port", str(self._port), "--host", "0.0.0.0"]
        with (self._out / "log").open("a") as log:
            self._server = subprocess.Popen(
                [*command, *options], cwd=ROOT, stdout=log, stderr=log, env={**os.environ, **_ENVIRON}
            )
        self._wait()

    def stop(self) -> None:
        if self._server:
            self._server.terminate()
            self._server.wait(_STOP_SECONDS)
            self._server = None

    def sign(self, key: str, seconds: int) -> str:
        """An address signed like the server's own, with its own life time."""
        store = FileStore(self._out)
        return MediaStore(store, self.base, secret(store)).url(key, expires_in=seconds)

    def _wait(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self._server and self._server.poll() is None:
            try:
                urllib.request.urlopen(f"{self.base}/locales", timeout=5).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise AssertionError(f"the server did not come up:\n{(self._out / 'log').read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
