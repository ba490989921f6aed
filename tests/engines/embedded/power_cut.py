"""What POSIX promises of a disk after a power cut, and nothing more.

A file's bytes are there once the file was synced, and a name in a folder once that folder was synced after
the name was given (fsync(2)). Everything else counts as lost: no real disk keeps less.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

# By its name: an inode, and whether it is a folder.
Names = dict[str, tuple[int, bool]]


@dataclass
class Disk:
    """Follows every fsync of this process below `top`, a folder that is on disk already."""

    top: Path
    files: dict[int, bytes] = field(default_factory=dict)
    folders: dict[int, Names] = field(default_factory=dict)
    syncs: int = 0

    def follow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sync = os.fsync

        def followed(handle: int) -> None:
            sync(handle)
            self.syncs += 1
            inode = os.fstat(handle)
            if stat.S_ISDIR(inode.st_mode):
                self.folders[inode.st_ino] = {
                    entry.name: (entry.inode(), entry.is_dir()) for entry in os.scandir(handle)
                }
            else:
                self.files[inode.st_ino] = Path(f"/proc/self/fd/{handle}").read_bytes()

        monkeypatch.setattr(os, "fsync", followed)

    def after_a_power_cut(self, root: Path) -> dict[str, bytes]:
        """Everything below `root` by its name there."""
        inode = self.top.stat().st_ino
        for name in root.relative_to(self.top).parts:
            inode, _ = self.folders.get(inode, {}).get(name, (-1, True))
        return dict(self._below(inode, ""))

    def _below(self, folder: int, prefix: str) -> Iterator[tuple[str, bytes]]:
        """A file that was not synced is empty, as ext4 leaves it."""
        for name, (inode, is_folder) in self.folders.get(folder, {}).items():
            if is_folder:
                yield from self._below(inode, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", self.files.get(inode, b"")
