"""`.env`: settings that a notebook or a person left for the commands on this machine.

Only names of ours and AWS's region and profile are read: keys and whatever else belongs to others stay out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from pipeline.errors import ConfigError

# The variable that names another file; empty: none is read.
VARIABLE = "STORIES_ENV_FILE"
USUAL = ".env"
_OURS = "STORIES_"
# Two names of one setting: where the shell has either, the file's other must not go before it.
_REGION = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})
_AWS = _REGION | {"AWS_PROFILE"}


def fill(environ: MutableMapping[str, str], folder: Path = Path()) -> None:
    """Adds what the folder's file says, and the environment does not. Raises ConfigError."""
    told = environ.get(VARIABLE, USUAL)
    path = folder / told
    if not told or not path.is_file():
        return
    settled = _REGION if any(environ.get(name) for name in _REGION) else frozenset()
    for name, value in read(path).items():
        if name not in settled:
            environ.setdefault(name, value)


def read(path: Path) -> dict[str, str]:
    """Its settings that are for us. Raises ConfigError: it cannot be read."""
    from dotenv import dotenv_values

    try:
        lines = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read {path} ({error}): mend it, or set {VARIABLE} to another file or to nothing",
            problem="config",
        ) from error
    return {name: value for name, value in lines.items() if value is not None and _is_ours(name)}


def check(path: Path) -> None:
    """Whether `write` could write it; nothing is changed. Raises ConfigError: it could not."""
    real = path.resolve()
    folder = next(each for each in real.parents if each.exists())
    # A new file takes the old one's place, so that the folder's rights decide.
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise _unwritable(path, f"{folder} is no folder that may be written to")
    try:
        if real.exists():
            real.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unwritable(path, error) from error


def write(path: Path, settings: Mapping[str, str]) -> None:
    """Sets these, and keeps every other line of the file. Raises ConfigError: it cannot be written."""
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
    return name.startswith(_OURS) or name in _AWS
