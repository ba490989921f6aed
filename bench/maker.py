"""Our own side of bench/overhead.py: a worker that makes stories as `stories make` does, on a tape.

{"out", "context", "variant", "locales", "tape"} -> seconds, what the ledger of the store in `out` says,
and how many calls reached the libraries.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.processes import serve
from bench.tape import Tape, tap
from pipeline.app import App
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.embedded.files import FileStore
from pipeline.errors import EngineError
from pipeline.ports import NoProgress
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage.ledger import payments


class MovableStore:
    """A file store whose folder changes between stories, so that warm engines meet a fresh store."""

    def __init__(self) -> None:
        self.current = FileStore(Path("nowhere"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.current, name)


def make(app: App, store: Any, tape: Tape, request: dict[str, Any]) -> dict[str, Any]:
    store.current = FileStore(Path(request["out"]))
    tape.calls.clear()
    failed = ""
    start = time.perf_counter()
    try:
        story_id = accept(app, request["context"], request["variant"])
        for locale in request["locales"]:
            run(app, story_id, locale, NoProgress())
    except EngineError as error:
        failed = str(error)
    seconds = time.perf_counter() - start
    tape.save(Path(request["tape"]))
    paid = list(payments(store))
    return {
        "seconds": seconds,
        "failed": failed,
        "calls": len(tape.calls),
        "paid": sum(entry.usage.calls for entry in paid),
        "tokens": sum(entry.usage.completion_tokens for entry in paid),
    }


def main() -> None:
    tape, store = Tape(), MovableStore()
    tap(tape)
    # The bare side has no prompts read by earlier processes either.
    app = build_app(replace(Settings.from_env(os.environ), readings=False), store)
    serve(lambda request: make(app, store, tape, request))


if __name__ == "__main__":
    main()
