"""Syncs folders: only then does the new name of a synced file outlive a power cut (fsync(2))."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path

# File systems without such a call, as some network shares, and those that are read-only.
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EROFS}
# Folders that are remembered, of 100 bytes or so each.
_MOST = 10_000


class FolderSync:
    """The folders of one store. Thread-safe. Its methods take absolute paths."""

    def __init__(self) -> None:
        self._later: set[Path] = set()
        # Their own names are on disk, and so are those of all folders above them.
        self._settled: set[Path] = set()
        self._lock = threading.Lock()

    def sync(self, *folders: Path) -> None:
        """Their names; and once, whoever created one, its own and those above it. Raises OSError."""
        fresh = {
            path
            for folder in folders
            for path in takewhile(lambda path: path not in self._settled, (folder, *folder.parents))
        }
        for path in {*folders, *(path.parent for path in fresh)}:
            _sync(path)
        if len(self._settled) > _MOST:
            self._settled.clear()
        self._settled.update(fresh)  # at last: another thread relies on it

    def later(self, folder: Path) -> None:
        """Leaves it to the next catch_up()."""
        self._later.add(folder)

    def catch_up(self) -> None:
        """Syncs what was left for later. Raises OSError.

        Also where another thread has begun to: what this one relies on may be among it.
        """
        with self._lock:
            folders = self._later.copy()
            self._later -= folders  # before: a file that comes meanwhile counts anew
            try:
                self.sync(*folders)
            except OSError:
                self._later |= folders
                raise

    def forget(self, folders: Iterable[Path]) -> None:
        """For folders that are created, maybe again."""
        self._settled.difference_update(folders)


def _sync(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except (FileNotFoundError, PermissionError):
        return  # a person deleted it; or it is above the store, and not one that we created
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)
