"""Which local model writes, and where its weights lie."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from pipeline.config.settings import Settings


def writing_engine(spec: dict[str, Any], settings: Settings) -> str:
    """A server or a writer that the settings name writes for every profile. A fake has no model: where a
    model is named, the writer is a local one."""
    if settings.writer.url:
        return "openai"
    if settings.writer.engine:
        return settings.writer.engine
    writer: str = spec["writer"]
    return "llama" if settings.model and writer == "fake-text" else writer


def models_dir(settings: Settings) -> Path:
    from pipeline.engines.embedded import models

    return settings.models or models.models_dir(os.environ)


def path_of(name: str, settings: Settings) -> Path:
    from pipeline.engines.embedded import models

    return models.path_of(name, models_dir(settings))


def voice_path(name: str, settings: Settings) -> Path:
    """Where a voice's weights lie; fetched first where they are not here, as nobody has asked for it before.

    Raises ConfigError, EngineError, StoreError, as fetch.ensure does.
    """
    from pipeline.engines.embedded import fetch, models
    from pipeline.engines.embedded.progress import Lines

    log, directory = logging.getLogger(__name__), models_dir(settings)
    if announcement := models.announce((name,), directory):
        log.info(announcement)
    return fetch.ensure((name,), directory, Lines(log.info))[name]


def model_name(name_or_path: str) -> str:
    from pipeline.engines.embedded import gguf

    return gguf.fingerprint_name(name_or_path)
