"""Catalog files, apps and finished runs on the fake profile, for the tests of the batch."""

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


def batch_app(store: Store | None = None, **engines: Any) -> App:
    """The fake profile's app with a store that counts costs, and these engines."""
    return fake_app(Metered(store or MemoryStore()), **engines)


def catalog(folder: Path, entries: Sequence[Any], **settings: Any) -> CatalogFile:
    """A YAML file (JSON is YAML); all entries are in line 1."""
    path = folder / "tales.yaml"
    path.write_text(json.dumps({**settings, "entries": list(entries)}), "utf-8")
    return read(path)


def tales(folder: Path, ideas: Sequence[Any] = IDEAS, **settings: Any) -> CatalogFile:
    """In English and French, without a review; the first idea is in line 4."""
    path = folder / "tales.yaml"
    values = {"locales": ["en", "fr"], "publish": {"review": "none"}, **settings}
    lines = [f"{key}: {json.dumps(value)}" for key, value in values.items()]
    entries = [f"- {json.dumps(idea)}" for idea in ideas]
    path.write_text("\n".join([*lines, "entries:", *entries, ""]), "utf-8")
    return read(path)


def finished(app: App, file: CatalogFile, run_id: str = "one", chunk_size: int = 2, **options: Any) -> Run:
    """A run of the catalog, each chunk once."""
    planned = plan(app, file, run_id, chunk_size, **options)
    run = Run(app.store, run_id)
    for number in range(1, planned.chunks + 1):
        write(app, run, number)
        narrate(app, run, number)
    return run


def listed(store: Store) -> set[tuple[str, str]]:
    """The editions that a reader of the API sees, by id and locale."""
    return {(card.id, card.locale) for card in page(store, size=1000).cards}


class Mute(FakeSpeech):
    """Fails for a text with `word`: for good, or where `busy`, as a throttled engine."""

    def __init__(self, word: str, busy: bool = False) -> None:
        self.word, self.busy = word, busy

    def synthesize(self, text: str, voice: Voice) -> Narration:
        if self.word in text.lower():
            raise ThrottledError("asked too often") if self.busy else EngineError("no voice for this")
        return super().synthesize(text, voice)
