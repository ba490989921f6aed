"""The OpenMP runtime that llama.cpp's wheel expects of the system, and that a bare Linux does not have.

Seen on an empty Debian 12: `import xllamacpp` fails for want of libgomp.so.1. The sentencepiece wheel brings
GNU's libgomp under a name of its own. Loaded under the name that is asked for, it serves xllamacpp as well.
"""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

_WANTED = "libgomp.so.1"
_BRINGER = "sentencepiece"


def provide() -> None:
    """Make libgomp.so.1 known to the dynamic linker of this process, where the system has none.

    Where it cannot be had either, nothing is done: the import that needs it then says so.
    """
    if sys.platform != "linux" or _loads(_WANTED):
        return
    if (brought := _brought()) is not None:
        _load_as_wanted(brought)


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True


def _brought() -> Path | None:
    try:
        found = files(_BRINGER) or []
    except PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in found if file.name.startswith("libgomp-")), None)


def _load_as_wanted(library: Path) -> None:
    """The linker goes by the name inside the file: it gets a copy in memory with that name put right."""
    own, wanted = library.name.encode(), _WANTED.encode()
    renamed = library.read_bytes().replace(own, wanted.ljust(len(own), b"\0"))
    handle = os.memfd_create(_WANTED)
    try:
        with os.fdopen(os.dup(handle), "wb") as file:
            file.write(renamed)
        _loads(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
