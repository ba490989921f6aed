"""A model that is given by its path rather than by a name of the table: any file in llama.cpp's format."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from pipeline.config import paths
from pipeline.errors import ConfigError
from pipeline.storage.digest import well_formed

_GGUF = b"GGUF"
_END = 1 << 20  # bytes


def is_path(text: str) -> bool:
    """Whether a writer is given as a file rather than by a name of the table."""
    return text.lower().endswith(".gguf") or os.sep in text


def fingerprint_name(name_or_path: str) -> str:
    """A model's name in fingerprints; a file's also has a digest of its size and ends: names may repeat."""
    if not is_path(name_or_path):
        return well_formed(name_or_path)
    name = os.fsencode(Path(name_or_path).name).decode(errors="replace")
    with contextlib.suppress(OSError), paths.path(name_or_path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        ends = hashlib.sha256(str(size).encode())
        for start in (0, max(0, size - _END)):
            file.seek(start)
            ends.update(file.read(_END))
        return f"{name}-{ends.hexdigest()[:8]}"
    return name


def checked(path: Path) -> Path:
    """The path of a file that begins as a GGUF does. Raises ConfigError: missing-weights, corrupt-weights."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_GGUF))
    except OSError as error:
        raise ConfigError(
            f"the model {path} cannot be read ({error.strerror}): check the path", problem="missing-weights"
        ) from error
    if magic != _GGUF:
        raise ConfigError(
            f"{path} is not a GGUF file: give a model in llama.cpp's format", problem="corrupt-weights"
        )
    return path
