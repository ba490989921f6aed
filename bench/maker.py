"""Our own side: a worker that makes stories as `stories make` does, with warm engines and a tape.

{"out", "context", "variant", "locales", "tape"} answers with the wall time, what the ledger of the
store in `out` says, and how many calls reached the libraries.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.tape import Tape, tap
from bench.workers import serve
from pipeline.app import App
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.embedded.files import FileStore
from pipeline.errors import EngineError
from pipeline.ports import Advance, Store
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage.ledger import payments


class Movable:
    """A store whose folder changes between stories, so that warm engines meet a fresh one."""

    def __init__(self) -> None:
        self.at: Store = FileStore(Path("nowhere"))

    def get(self, key: str) -> bytes:
        return self.at.get(key)

    def put(self, key: str, data: bytes) -> None:
        self.at.put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        return self.at.put_if_absent(key, data)

    def list(self, prefix: str) -> Iterator[str]:
        return self.at.list(prefix)

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        return self.at.url(key, expires_in, filename)


class Nobody:
    """Watches nothing."""

    def step(self, name: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        return nullcontext(lambda done: None)

    def note(self, text: str) -> None:
        pass


def make(app: App, store: Movable, tape: Tape, request: dict[str, Any]) -> dict[str, Any]:
    store.at = FileStore(Path(request["out"]))
    tape.calls.clear()
    failed = ""
    began = time.perf_counter()
    try:
        story_id = accept(app, request["context"], request["variant"])
        for locale in request["locales"]:
            run(app, story_id, locale, Nobody())
    except EngineError as error:
        failed = str(error)
    wall = time.perf_counter() - began
    tape.save(Path(request["tape"]))
    paid = list(payments(store))
    return {
        "wall": wall,
        "failed": failed,
        "calls": len(tape.calls),
        "paid": sum(one.usage.calls for one in paid),
        "tokens": sum(one.usage.completion_tokens for one in paid),
    }


if __name__ == "__main__":
    recorded = Tape()
    tap(recorded)
    kept = Movable()
    # The bare side has nothing from earlier processes either.
    made = build_app(replace(Settings.from_env(os.environ), readings=False), kept)
    serve(lambda request: make(made, kept, recorded, request))
