"""Runs of a small catalog on the fake profile, for the tests of what surrounds the chunks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.app import App
from pipeline.batch.metering import Metered
from pipeline.batch.plan import plan
from pipeline.batch.reading import CatalogFile, read
from pipeline.batch.runs import Run
from pipeline.batch.work import narrate, write
from pipeline.engines.fake import FakeSpeech, MemoryStore
from pipeline.errors import EngineError, ThrottledError
from pipeline.ports import Store
from pipeline.storage.shelf import page
from pipeline.types import Narration, Voice
from tests.making import fake_app

IDEAS = ("a shy snail", "a brave teapot", "an owl who cannot sleep")


def batch(store: Store | None = None, **engines: Any) -> App:
    return fake_app(Metered(store or MemoryStore()), **engines)


def told(folder: Path, ideas: Sequence[Any] = IDEAS, **settings: Any) -> CatalogFile:
    """A catalog file in English and French; its first idea stands in line 4."""
    path = folder / "tales.yaml"
    head = {"locales": ["en", "fr"], "publish": {"review": "none"}, **settings}
    lines = [f"{key}: {json.dumps(value)}" for key, value in head.items()]
    entries = [f"- {json.dumps(one)}" for one in ideas]
    path.write_text("\n".join([*lines, "entries:", *entries, ""]), "utf-8")
    return read(path)


def made(app: App, file: CatalogFile, run_id: str = "one", chunk_size: int = 2, **more: Any) -> Run:
    """The whole run, each chunk once."""
    planned = plan(app, file, run_id, chunk_size, **more)
    run = Run(app.store, run_id)
    for number in range(1, planned.chunks + 1):
        write(app, run, number)
        narrate(app, run, number)
    return run


def listed(store: Store) -> set[tuple[str, str]]:
    """What a reader of the API finds, by id and locale."""
    return {(card.id, card.locale) for card in page(store, size=1000).cards}


class Mute(FakeSpeech):
    """Fails for good at what holds `word`; where `busy`, as an engine that is asked too much."""

    def __init__(self, word: str, busy: bool = False) -> None:
        self.word, self.busy = word, busy
        self.asked = 0

    def synthesize(self, text: str, voice: Voice) -> Narration:
        self.asked += 1
        if self.word in text.lower():
            raise ThrottledError("asked too often") if self.busy else EngineError("no voice for this")
        return super().synthesize(text, voice)
