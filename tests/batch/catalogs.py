"""Catalog files and apps for the tests of the batch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.app import App
from pipeline.batch.metering import Metered
from pipeline.batch.reading import CatalogFile, read
from pipeline.engines.fake import MemoryStore
from pipeline.ports import Store
from tests.making import fake_app


def batch_app(store: Store | None = None, **engines: Any) -> App:
    """The fake profile's app, with other engines where they are told."""
    return fake_app(Metered(store or MemoryStore()), **engines)


def catalog(folder: Path, entries: Sequence[Any], **settings: Any) -> CatalogFile:
    """YAML is a superset of JSON."""
    path = folder / "tales.yaml"
    path.write_text(json.dumps({**settings, "entries": list(entries)}), "utf-8")
    return read(path)
