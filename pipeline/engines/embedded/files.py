"""A store of plain files: whole or not at all, and the first writer wins where it matters."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import NotFoundError, StoreError
from pipeline.storage import keys

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TEMPORARY = ".tmp-"


class FileStore:
    """Keys are paths under `root`, which is created at the first write."""

    def __init__(self, root: Path) -> None:
        self._root = root

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

    def put_if_absent(self, key: str, data: bytes) -> bool:
        if os.path.lexists(self.path(key)):  # which, unlike exists(), raises nothing
            return False
        with self._written(key, data) as temporary:
            try:
                os.link(temporary, self.path(key))
            except FileExistsError:
                return False
        return True

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        top = self.path(prefix) if prefix.endswith("/") or not prefix else self.path(prefix).parent
        listed = (key for key in self._under(top) if key.startswith(prefix) and key > after)
        yield from sorted(key for key in listed if _TEMPORARY not in key)

    def _under(self, top: Path) -> Iterator[str]:
        """Keys of the files under a folder. os.walk: three times as fast as Path.rglob."""
        root = self._root.absolute()
        for folder, _, names in os.walk(root / top.absolute()):
            inner = folder[len(str(root)) :].replace(os.sep, "/").lstrip("/")
            yield from (f"{inner}/{name}" if inner else name for name in names)

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        """A file:// URL, which does not expire."""
        return self.path(key).resolve().as_uri()

    def path(self, key: str) -> Path:
        """Raises StoreError for a key that would leave the root."""
        parts = key.split("/")
        if key.startswith("/") or "\\" in key or "\0" in key or ".." in parts:
            raise StoreError(f"not a key: {key!r}", problem="bad-key")
        return self._root / key

    @contextmanager
    def _written(self, key: str, data: bytes) -> Iterator[Path]:
        """A temporary file beside the key, synced to disk, and removed afterwards in every case."""
        path = self.path(key)
        temporary: Path | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.parent / f"{_TEMPORARY}{uuid.uuid4().hex}"
            # Created with its mode, so that nobody can open it in between; the umask takes away from that.
            mode = 0o600 if key.startswith(keys.PRIVATE) else 0o666
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            temporary = fresh
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        except OSError as error:
            raise _failed(error, self._root) from error
        finally:
            if temporary:
                temporary.unlink(missing_ok=True)


def _failed(error: OSError, root: Path) -> StoreError:
    if error.errno in _FULL:
        return StoreError(
            f"the disk of {root} is full: free some space and run it again", problem="disk-full"
        )
    return StoreError(
        f"cannot use {error.filename or root} ({error.strerror}): choose another folder with --out",
        problem="unwritable",
    )
