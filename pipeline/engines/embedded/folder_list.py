"""Lists the files of a store, sorted by their keys, and reads a folder when it is reached.

All keys of a store together may be more than memory, and mostly the first few are wanted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


def listed(root: Path, prefix: str, after: str = "") -> Iterator[str]:
    """Keys that start with `prefix` and come after `after`. Links to folders are not followed."""
    start = prefix.rfind("/") + 1
    return _under(root, prefix[:start], prefix[start:], after)


def _under(root: Path, folder: str, start: str, after: str) -> Iterator[str]:
    """Of a folder's entries, those whose names begin with `start`, and all that is below them."""
    try:
        with os.scandir(os.path.join(root, folder)) as entries:  # noqa: PTH118 - a Path takes half of the time
            names = sorted(_keys(entries, folder, start, after))
    except OSError:  # not there, or not any more
        return
    for key in names:
        if key.endswith("/"):
            yield from _under(root, key, "", after)
        else:
            yield key


def _keys(entries: Iterable[os.DirEntry[str]], folder: str, start: str, after: str) -> Iterator[str]:
    """A folder's own ends with the slash that its files' keys have there: so it is sorted as they are."""
    for entry in entries:
        if not entry.name.startswith(start):
            continue
        if entry.is_dir(follow_symlinks=False):
            key = f"{folder}{entry.name}/"
            if key > after or after.startswith(key):
                yield key
        elif (key := folder + entry.name) > after and not (entry.is_symlink() and entry.is_dir()):
            yield key
