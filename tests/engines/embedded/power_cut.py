"""What POSIX promises of a disk after a power cut, and nothing more.

A file's bytes are there once the file was synced, and a name in a folder once that folder was synced after
the name was given (fsync(2)). Everything else counts as lost: no real disk keeps less.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest


class Inode(NamedTuple):
    """A folder, or a file as it was last written: a number alone is given to the next file, too."""

    number: int
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> Inode:
        return cls(status.st_ino, 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns)


@dataclass
class Disk:
    """Follows every fsync of this process below `top`, a folder that is on disk already."""

    top: Path
    files: dict[Inode, bytes] = field(default_factory=dict)
    folders: dict[Inode, dict[str, Inode]] = field(default_factory=dict)
    syncs: int = 0

    def follow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sync = os.fsync

        def followed(handle: int) -> None:
            sync(handle)
            self.syncs += 1
            inode = Inode.of(os.fstat(handle))
            if inode.changed:
                self.files[inode] = Path(f"/proc/self/fd/{handle}").read_bytes()
            else:
                self.folders[inode] = dict(_names(handle))

        monkeypatch.setattr(os, "fsync", followed)

    def after_a_power_cut(self, root: Path) -> dict[str, bytes]:
        """Everything below `root` by its name there."""
        inode = Inode.of(self.top.stat())
        for name in root.relative_to(self.top).parts:
            inode = self.folders.get(inode, {}).get(name, Inode(-1, 0))
        return dict(self._below(inode, ""))

    def _below(self, folder: Inode, prefix: str) -> Iterator[tuple[str, bytes]]:
        """A file that was not synced is empty, as ext4 leaves it."""
        for name, inode in self.folders.get(folder, {}).items():
            if inode.changed:
                yield f"{prefix}{name}", self.files.get(inode, b"")
            else:
                yield from self._below(inode, f"{prefix}{name}/")


def _names(folder: int) -> Iterator[tuple[str, Inode]]:
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):  # another thread removed it meanwhile
            yield entry.name, Inode.of(entry.stat())
