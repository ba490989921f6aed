"""The OpenMP runtime that llama.cpp's wheel expects of the system, and that a bare Linux does not have.

On an empty Debian 12 `import xllamacpp` fails: libgomp.so.1 is missing. The sentencepiece wheel contains
GNU's libgomp under another name. Loaded under the expected name, it serves xllamacpp as well.
"""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

_LIBRARY = "libgomp.so.1"
_PACKAGE = "sentencepiece"


def provide() -> None:
    """Make libgomp.so.1 known to the dynamic linker of this process, where the system has none.

    Does nothing where no package contains it: the import that needs it then fails with its name.
    """
    if sys.platform != "linux" or _loads(_LIBRARY):
        return
    if (packaged := _packaged()) is not None:
        _load_renamed(packaged)


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True


def _packaged() -> Path | None:
    try:
        paths = files(_PACKAGE) or []
    except PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in paths if file.name.startswith("libgomp-")), None)


def _load_renamed(library: Path) -> None:
    """The linker goes by the name inside the file: it gets a copy in memory with the expected name."""
    own, expected = library.name.encode(), _LIBRARY.encode()
    renamed = library.read_bytes().replace(own, expected.ljust(len(own), b"\0"))
    handle = os.memfd_create(_LIBRARY)
    try:
        with os.fdopen(os.dup(handle), "wb") as file:
            file.write(renamed)
        _loads(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
