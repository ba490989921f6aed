"""Servers for bench/api.py, each in a process of its own, whose first line on stdout is its address.

python -m bench.servers bare FILE: uvicorn and nothing else, always the same bytes.
python -m bench.servers ours DIR SECONDS QUEUE: our API, with a writer that is silent for SECONDS.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import uvicorn

from pipeline.api.gateway import Api
from pipeline.api.in_process.runner import InProcess
from pipeline.api.service import OnDemand
from pipeline.bootstrap import build_app, build_store
from pipeline.config.settings import Settings
from pipeline.engines.fake import FakeText
from pipeline.ports import OnText, ignore
from pipeline.server.asgi import build_server
from pipeline.server.listening import listen, run
from pipeline.server.signed_urls import MediaStore, secret
from pipeline.types import Completion, Prompt


class SlowText(FakeText):
    """Silent for `seconds` before each completion, as a large model is."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        time.sleep(self._seconds)
        return super().complete(prompt, on_text)


def bare(file: Path) -> Any:
    body = file.read_bytes()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def ours(address: str, out: Path, seconds: float, waiting: int) -> Any:
    settings = Settings(profile="fake", out=out)
    store = build_store(settings)
    media = MediaStore(store, address, secret(store))
    app = build_app(settings, media)
    if seconds:
        app = replace(app, text=SlowText(seconds))
    api = Api(OnDemand(app, InProcess(app, waiting=waiting)), wait=290)
    api.warm()
    return build_server(api, media, None, None)


def main(kind: str, path: str, seconds: str = "0", waiting: str = "0") -> None:
    listening = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    print(address, flush=True)
    if kind == "bare":
        config = uvicorn.Config(bare(Path(path)), log_config=None, access_log=False, lifespan="off")
        uvicorn.Server(config).run(sockets=[listening])
    else:
        run(ours(address, Path(path), float(seconds), int(waiting)), listening, "", 1, lambda: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
