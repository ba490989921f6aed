"""A store of plain files: whole or not at all, and the first writer wins where it matters.

What keys.is_hint() names is gone after a power cut, at worst. Everything else is on disk when a write
returns, except for what keys.is_part() names: that is on disk before the next record is.
"""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from pipeline.engines.embedded.folder_list import listed
from pipeline.engines.embedded.folder_sync import FolderSync
from pipeline.errors import NotFoundError, StoreError
from pipeline.storage import keys

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TEMPORARY = ".tmp-"
# Seconds after which no writer comes back to its temporary file: a write takes seconds, also on a machine
# that slept overnight in the middle of one.
_ABANDONED = 24 * 3600.0
# To create a file in a folder that another thread may be removing, as it is empty: delete().
_ATTEMPTS = 20


class FileStore:
    """Keys are paths under `root`, which is created at the first write."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders = FolderSync()

    def get(self, key: str) -> bytes:
        return self.head(key, -1)

    def head(self, key: str, size: int) -> bytes:
        try:
            with self.path(key).open("rb") as file:
                return file.read(size)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFoundError(f"nothing is stored as {key}") from error
        except OSError as error:
            raise _failed(error, self._root) from error

    def put(self, key: str, data: bytes) -> None:
        with self._written(key, data) as temporary:
            temporary.replace(self.path(key))
        self._keep_name(key)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        is_first = False
        if not os.path.lexists(self.path(key)):  # which, unlike exists(), raises nothing
            with self._written(key, data) as temporary, suppress(FileExistsError):
                os.link(temporary, self.path(key))
                is_first = True
        self._keep_name(key)  # also another writer's, who may not have come to that yet
        return is_first

    def delete(self, names: Iterable[str]) -> None:
        """Gone from disk when it returns, with the folders that are empty then."""
        paths = [self.path(key).absolute() for key in names]
        folders = {path.parent for path in paths}
        with self._mapped():
            for path in paths:
                with suppress(FileNotFoundError, NotADirectoryError):
                    if not path.is_dir():
                        path.unlink()
            self._folders.sync(*{self._pruned(folder) for folder in folders})

    def _pruned(self, folder: Path) -> Path:
        """The first folder, from this one upwards, that is not empty. Those below it are removed.

        A writer creates a folder again that is removed before its temporary file is in it.
        """
        root = self._root.absolute()
        while folder != root and root in folder.parents:
            try:
                folder.rmdir()
            except FileNotFoundError:
                pass
            except OSError:  # not empty, or not ours to remove
                break
            self._folders.forget([folder])
            folder = folder.parent
        return folder

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        self.path(prefix)  # refuses what would leave the root
        return (key for key in listed(self._root, prefix, after) if _TEMPORARY not in key)

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        """A file:// URL, which does not expire."""
        return self.path(key).resolve().as_uri()

    def stamp(self, key: str) -> tuple[int, ...]:
        """Changes whenever the file is written anew. Raises NotFoundError."""
        try:
            state = self.path(key).stat()
        except OSError as error:
            raise NotFoundError(f"nothing is stored as {key}") from error
        return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns

    def modified(self, key: str) -> float:
        """When the file was written, in seconds since 1970. Raises NotFoundError."""
        return self.stamp(key)[2] / 1e9

    def path(self, key: str) -> Path:
        """Raises StoreError for a key that would leave the root."""
        parts = key.split("/")
        if key.startswith("/") or "\\" in key or "\0" in key or ".." in parts:
            raise StoreError(f"not a key: {key!r}", problem="bad-key")
        return self._root / key

    def tidy(self, older: float = _ABANDONED) -> int:
        """Removes temporary files that killed writers left, `older` seconds ago or more; how many."""
        count, limit = 0, time.time() - older
        for folder, _, names in os.walk(self._root):
            for name in names:
                if name.startswith(_TEMPORARY):
                    with suppress(OSError):  # gone already, or not ours
                        path = Path(folder, name)
                        if path.stat().st_mtime < limit:
                            path.unlink()
                            count += 1
        return count

    @contextmanager
    def _written(self, key: str, data: bytes) -> Iterator[Path]:
        """A temporary file beside the key, synced to disk, and removed afterwards in every case."""
        path = self.path(key).absolute()
        temporary: Path | None = None
        try:
            with self._mapped():
                handle, temporary = self._temporary(key, path.parent)
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    if data and not keys.is_hint(key):
                        os.fsync(handle)
                if not (keys.is_hint(key) or keys.is_part(key)):
                    self._folders.catch_up()  # a record is on disk after all that it rests on
                yield temporary
        finally:
            if temporary:
                with suppress(OSError):  # tidy() removes it
                    temporary.unlink(missing_ok=True)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Turns OSError into StoreError."""
        try:
            yield
        except OSError as error:
            raise _failed(error, self._root) from error

    def _temporary(self, key: str, folder: Path) -> tuple[int, Path]:
        """An open file and its path. It is created with its mode, so that nobody can open it in between."""
        mode = (
            0o600 if key.startswith((keys.PRIVATE, keys.NAMED)) else 0o666
        )  # the umask takes away from that
        path = folder / f"{_TEMPORARY}{uuid.uuid4().hex}"
        for _ in range(_ATTEMPTS):
            with suppress(FileNotFoundError):
                return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), path
            self._folders.forget(takewhile(lambda path: not path.exists(), (folder, *folder.parents)))
            with suppress(FileNotFoundError):
                folder.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), path

    def _keep_name(self, key: str) -> None:
        """The name `key`, which exists, outlives a power cut."""
        folder = self.path(key).absolute().parent
        if keys.is_part(key):
            self._folders.later(folder)
        elif not keys.is_hint(key):
            with self._mapped():
                self._folders.catch_up()
                self._folders.sync(folder)


def _failed(error: OSError, root: Path) -> StoreError:
    if error.errno in _FULL:
        return StoreError(
            f"the disk of {root} is full: free some space and run it again", problem="disk-full"
        )
    return StoreError(
        f"cannot use {error.filename or root} ({error.strerror}): choose another folder with --out",
        problem="unwritable",
    )
