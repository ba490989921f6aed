"""Writes a file that a person asked for: whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import RequestError, StoreError


def check(path: Path, overwrite: bool) -> None:
    """Raises RequestError: the file is there, or its folder is not."""
    if os.path.lexists(path) and not overwrite:
        raise RequestError(
            f"{path} is there: name another by --file, or replace it by --overwrite", problem="file-exists"
        )
    if path.is_dir():
        raise RequestError(f"{path} is a folder: name a file in it by --file", problem="bad-file")
    if not path.absolute().parent.is_dir():
        raise RequestError(f"there is no folder {path.parent}: create it first", problem="bad-file")


def write(path: Path, data: bytes, overwrite: bool) -> None:
    """Raises as check() does; StoreError: a full disk, a folder that cannot be written."""
    with opened(path, overwrite) as file:
        file.write(data)


@contextmanager
def opened(path: Path, overwrite: bool) -> Iterator[BinaryIO]:
    """A file to write into, which is at `path` once the block ends without an error. Raises as write()."""
    check(path, overwrite)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            _sync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror})", problem="unwritable") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sync(handle: int) -> None:
    os.fsync(handle)
