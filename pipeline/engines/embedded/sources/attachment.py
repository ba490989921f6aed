"""A file of Mozilla's attachment host, or of the mirror that a user names: a URL or a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.config.paths import path
from pipeline.engines.embedded.sources import Archive, OnBytes, Source, hub
from pipeline.errors import EngineError

# Where it cannot be had, the language model translates: one attempt, and a person does not wait long for it.
PATIENCE = hub.Patience(connect=5.0, read=15.0, pauses=(0,))
_BLOCK = 1 << 20


def is_folder(host: str) -> bool:
    return "://" not in host


def fetch(source: Source, work: Path, on_bytes: OnBytes, patience: hub.Patience = PATIENCE) -> Path:
    """The file (see sources.Fetch); a download that was cut is resumed by the next call."""
    (archive,) = source.archives
    if is_folder(archive.name):
        return _copy(archive, work / "file", on_bytes)
    return hub.fetch(source, work, on_bytes, patience)


def _copy(archive: Archive, target: Path, on_bytes: OnBytes) -> Path:
    try:
        original = path(archive.name).open("rb")
    except OSError as error:
        raise EngineError(
            f"{archive.name} cannot be read ({error.strerror}): check STORIES_MODELS_MIRROR",
            problem="fetch-failed",
        ) from error
    with original, target.open("wb") as file:
        shutil.copyfileobj(original, file, _BLOCK)
    on_bytes(archive.size)
    return target
