"""Paths as people write them in a setting."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ConfigError


def path(text: str | Path) -> Path:
    """With a home folder for "~", which no shell replaces in `--out=~/x` or a file. Raises ConfigError."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ConfigError(f"{text}: there is no such home folder", problem="bad-setting") from error
