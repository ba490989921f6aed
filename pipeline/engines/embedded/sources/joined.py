"""A file put together from pieces, which a killed process can go on with."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import IO

_BLOCK = 1 << 20


class Joined:
    """`path` grows piece by piece; a journal beside it says how much of it is whole.

    Only one process at a time may use a folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "joined"
        self._journal = folder / "joined.json"
        self.pieces, self._size = self._read()

    def append(self, *piece: IO[bytes]) -> None:
        """One piece, out of one stream or several; its bytes reach the disk before the journal counts it."""
        with self.path.open("r+b" if self._size else "wb") as file:
            file.truncate(self._size)
            file.seek(self._size)
            for stream in piece:
                shutil.copyfileobj(stream, file, _BLOCK)
            file.flush()
            os.fsync(file.fileno())
            self._size = file.tell()
        self.pieces += 1
        self._write()

    def _read(self) -> tuple[int, int]:
        try:
            entry = json.loads(self._journal.read_bytes())
            pieces, size = int(entry["pieces"]), int(entry["size"])
            return (pieces, size) if self.path.stat().st_size >= size else (0, 0)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return 0, 0

    def _write(self) -> None:
        fresh = self._journal.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump({"pieces": self.pieces, "size": self._size}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._journal)
