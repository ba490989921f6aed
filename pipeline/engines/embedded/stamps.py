"""Stamps beside files that were hashed: the hash, and the size, times and inode that the file had then.

A program may set the time of a file's last write, but not that of its last change (ctime): other bytes under
the old time are noticed.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

State = dict[str, int]


def state(path: Path) -> State:
    """Of the file as it is, taken before it is hashed."""
    status = path.stat()
    return {
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
        "inode": status.st_ino,
    }


def write(path: Path, sha256: str, hashed: State) -> None:
    """Records that `path` was hashed in that state. Does nothing in a folder that cannot be written."""
    with contextlib.suppress(OSError):
        _beside(path).write_text(json.dumps({"sha256": sha256, **hashed}))


def holds(path: Path, sha256: str) -> bool:
    """Whether the file is still in the state in which it was hashed, to this hash."""
    try:
        return bool(json.loads(_beside(path).read_bytes()) == {"sha256": sha256, **state(path)})
    except (OSError, ValueError):
        return False


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified")
