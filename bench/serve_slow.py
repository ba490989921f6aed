"""A server of ours with a writer that takes its time: python -m bench.serve_slow DIR SECONDS QUEUE."""

from __future__ import annotations

import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import uvicorn

from pipeline.api.gateway import Api
from pipeline.api.runner import InProcess
from pipeline.api.service import OnDemand
from pipeline.bootstrap import build_app, build_store
from pipeline.config.settings import Settings
from pipeline.engines.fake import FakeText
from pipeline.ports import OnText, ignore
from pipeline.server.asgi import build_server
from pipeline.server.signed_urls import MediaStore, secret
from pipeline.types import Completion, Prompt


class SlowText(FakeText):
    """Silent for `seconds` before each answer, as a large model is."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        time.sleep(self._seconds)
        return super().complete(prompt, on_text)


def main(out: str, seconds: str, waiting: str) -> None:
    """The first line on stdout is its address."""
    settings = Settings(profile="fake", out=Path(out))
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    store = build_store(settings)
    media = MediaStore(store, base, secret(store))
    app = build_app(settings, media)
    if float(seconds):
        app = replace(app, text=SlowText(float(seconds)))
    api = Api(OnDemand(app, InProcess(app, waiting=int(waiting))), wait=290)
    api.warm()
    print(base, flush=True)
    config = uvicorn.Config(build_server(api, media, None, None), log_config=None, access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
