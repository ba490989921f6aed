"""`.env`: a file of settings for the commands on this machine, written by a person or a notebook.

Only STORIES_* and AWS's region and profile are read; AWS's credentials and other settings are ignored.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from pipeline.config import paths
from pipeline.errors import ConfigError

# The variable that names another file; empty: no file is read.
VARIABLE = "STORIES_ENV_FILE"
DEFAULT = ".env"
_PREFIX = "STORIES_"
# Two names of the same setting: if the environment has either, the file sets neither.
_REGION = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})
_AWS = _REGION | {"AWS_PROFILE"}


def fill(environ: MutableMapping[str, str], folder: Path = Path()) -> None:
    """Adds the settings of the folder's file that the environment lacks. Raises ConfigError."""
    name = environ.get(VARIABLE, DEFAULT)
    path = folder / paths.path(name)
    if not name or not path.is_file():
        return
    ignored = _REGION if any(environ.get(name) for name in _REGION) else frozenset()
    for name, value in read(path).items():
        if name not in ignored:
            environ.setdefault(name, value)


def read(path: Path) -> dict[str, str]:
    """The settings of ours in a file. Raises ConfigError: it cannot be read."""
    from dotenv import dotenv_values

    try:
        lines = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read {path} ({error}): correct it, or set {VARIABLE} to another file or to nothing",
            problem="config",
        ) from error
    return {name: value for name, value in lines.items() if value is not None and _is_ours(name)}


def check(path: Path) -> None:
    """Changes nothing. Raises ConfigError: `write` could not write the file."""
    real = path.resolve()
    folder = next(parent for parent in real.parents if parent.exists())
    # A new file replaces the old one, so that the permissions of the folder matter.
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise _unwritable(path, f"{folder} is not a folder that can be written")
    try:
        if real.exists():
            real.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unwritable(path, error) from error


def write(path: Path, settings: Mapping[str, str]) -> None:
    """Adds or replaces these settings and keeps all other lines. Raises ConfigError: it cannot be written."""
    from dotenv import set_key

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for name, value in settings.items():
            set_key(path, name, value, quote_mode="auto", follow_symlinks=True)
    except (OSError, UnicodeDecodeError) as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, why: object) -> ConfigError:
    return ConfigError(f"cannot write {path} ({why}): choose another env_file", problem="unwritable")


def _is_ours(name: str) -> bool:
    return name.startswith(_PREFIX) or name in _AWS
