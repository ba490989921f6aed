"""`.env`: a file of settings for the commands on this machine, written by a person or a notebook.

It stands in the project's folder, or is named. The one of the folder that a command happens to start in is
not read: it could move the store, turn checks off or let another page in. Only STORIES_* and AWS's region and
profile are read; AWS's credentials and other settings are ignored.
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
# These change where stories are kept, what is let through, who may call, or who receives the ideas.
_WEIGHTY = frozenset(
    "STORIES_PROFILE STORIES_OUT STORIES_BUCKET AWS_PROFILE STORIES_CHECKS STORIES_ORIGIN STORIES_PUBLISH "
    "STORIES_WRITER STORIES_WRITER_URL STORIES_WRITER_HTTP STORIES_WORKFLOW STORIES_MODELS "
    "STORIES_MODELS_MIRROR".split()
)


def path(environ: Mapping[str, str], project: Path | None, start: Path = Path()) -> Path | None:
    """The file of settings: the one that VARIABLE names, from `start`, else the project's; None for none."""
    if (name := environ.get(VARIABLE)) is not None:
        return start / paths.path(name) if name else None
    return project / DEFAULT if project else None


def fill(environ: MutableMapping[str, str], project: Path | None, start: Path | None = None) -> list[str]:
    """Adds the settings of the file that the environment lacks; returns what a person should know of that.

    project: its folder, None for an installed wheel. start: the folder that a named file is relative to, the
    project's by default. Raises ConfigError.
    """
    start = start or project or Path()
    file = path(environ, project, start)
    notes = [] if VARIABLE in environ else _not_read(start / DEFAULT, file)
    if file is None:
        return notes
    if not file.is_file():
        return [*notes, f"{file} is not there: {VARIABLE} names it"] if VARIABLE in environ else notes
    ignored = _REGION if any(environ.get(name) for name in _REGION) else frozenset()
    settings = {name: value for name, value in read(file).items() if name not in {*environ, *ignored}}
    environ.update(settings)
    if weighty := [name for name in settings if name in _WEIGHTY]:
        notes.append(f"Settings from {file.absolute()}: {', '.join(weighty)}")
    return notes


def _not_read(near: Path, file: Path | None) -> list[str]:
    """A sentence where the current folder has a file with settings of ours that is not `file`."""
    try:
        is_other = near.is_file() and not (file and file.exists() and near.samefile(file)) and read(near)
    except (ConfigError, OSError):
        return []
    where = f"{near.absolute()} is not read, since it is not in the project's folder"
    return [f"{where}: --env-file {DEFAULT} names it"] if is_other else []


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
    """Adds or replaces these settings and keeps all other lines. Raises ConfigError: it cannot be written.

    A new file is for its owner alone (set_key's temporary file has that mode from its start): it may hold a
    key. One that exists keeps its permissions.
    """
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
