"""Is a file of weights here, and is it the pinned one?

Hashing a gigabyte takes seconds, so a file that passed gets a stamp beside it: its hash, and the
size and time that it had then. While these hold, it is not hashed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.engines.embedded.models import Weights


def path_in(directory: Path, weights: Weights) -> Path:
    return directory / weights.file


def is_present(weights: Weights, directory: Path) -> bool:
    """Quick for a stamped file. Raises ConfigError (corrupt-weights) for one that is not as pinned."""
    path = path_in(directory, weights)
    if not path.is_file():
        return False
    if path.stat().st_size != weights.size:
        raise _corrupt(weights, f"{path.stat().st_size} bytes instead of {weights.size}")
    if not _is_stamped(path, weights):
        _hash(path, weights)
    return True


def verify(weights: Weights, directory: Path) -> Path:
    """Hash all of it. Raises ConfigError: missing-weights or corrupt-weights."""
    path = path_in(directory, weights)
    if not path.is_file():
        raise absent(weights)
    _hash(path, weights)
    return path


def absent(weights: Weights) -> ConfigError:
    return ConfigError(
        f"the weights {weights.name} are not on this machine: "
        f"run `stories models fetch {weights.name}` ({amount(weights.source.size)})",
        problem="missing-weights",
    )


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp(path: Path, weights: Weights) -> None:
    """Say that `path` was hashed and found right. A folder that cannot be written goes without."""
    with contextlib.suppress(OSError):
        _stamp_of(path).write_text(json.dumps(_state(path, weights)))


def amount(size: int) -> str:
    """Bytes for a person: "12 kB", "98 MB", "1.1 GB"."""
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def _hash(path: Path, weights: Weights) -> None:
    if digest(path) != weights.sha256:
        raise _corrupt(weights, "its SHA-256 is not the pinned one")
    stamp(path, weights)


def _corrupt(weights: Weights, finding: str) -> ConfigError:
    return ConfigError(
        f"the weights {weights.name} are corrupt ({finding}): "
        f"run `stories models fetch {weights.name} --force` ({amount(weights.source.size)})",
        problem="corrupt-weights",
    )


def _stamp_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified")


def _state(path: Path, weights: Weights) -> dict[str, int | str]:
    facts = path.stat()
    return {"sha256": weights.sha256, "size": facts.st_size, "mtime_ns": facts.st_mtime_ns}


def _is_stamped(path: Path, weights: Weights) -> bool:
    try:
        return bool(json.loads(_stamp_of(path).read_bytes()) == _state(path, weights))
    except (OSError, ValueError):
        return False
