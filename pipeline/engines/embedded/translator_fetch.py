"""Brings the translators that are not here yet, where their host can be reached; never an error.

Where they cannot be had, that is said in one line and remembered for a day beside the weights, so that the
next stories do not wait for the same host again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pipeline.engines.embedded import fetch as fetching
from pipeline.engines.embedded import translators
from pipeline.engines.embedded.models import amount
from pipeline.engines.embedded.progress import FetchProgress, NoFetchProgress
from pipeline.engines.embedded.sources import Fetch
from pipeline.engines.embedded.sources.attachment import is_folder
from pipeline.errors import StoriesError

_MEMORY = "translators-unavailable.json"
_DAY = 24 * 3600.0
_ANY = "*"  # in place of a language: the host itself
# What the next call would find unchanged, and which languages that concerns.
_REMEMBERED = {"no-network": True, "fetch-failed": False, "hash-mismatch": False}


def fetch(
    languages: Iterable[str],
    directory: Path,
    mirror: str = "",
    progress: FetchProgress | None = None,
    *,
    again: bool = False,
    force: bool = False,
    known: translators.Translators | None = None,
    fetchers: Mapping[str, Fetch] = fetching.FETCHERS,
    now: Callable[[], float] = time.time,
) -> bool:
    """Both directions of each language; True where any came.

    mirror: a URL or a folder in place of Mozilla's host, with the same locations under it. again: also what
    could not be had today. force: also what is here.
    """
    known = known or translators.table()
    progress = progress or NoFetchProgress()
    host = mirror.rstrip("/") or known.host
    memory = _Memory(directory / _MEMORY, host, now)
    came = False
    for language in dict.fromkeys(languages):
        wanted = _wanted(language, directory, known, force)
        if not wanted or (memory.has(language) and not again):
            continue
        try:
            _fetch(wanted, directory, host, known.licence, progress, force, fetchers)
        except StoriesError as error:
            reason = f"{host} cannot be reached" if error.problem == "no-network" else error
            progress.note(f"no translator for {language} here, the language model drafts it: {reason}")
            if error.problem in _REMEMBERED:
                memory.add(_ANY if _REMEMBERED[error.problem] else language)
            if error.problem == "no-network":
                break
        else:
            came = True
    return came


def _wanted(
    language: str, directory: Path, known: translators.Translators, force: bool
) -> tuple[translators.Direction, ...]:
    return tuple(
        direction
        for direction in translators.of(language, known)
        if not direction.package and (force or not translators.are_here((direction,), directory))
    )


def _fetch(
    wanted: tuple[translators.Direction, ...],
    directory: Path,
    host: str,
    licence: str,
    progress: FetchProgress,
    force: bool,
    fetchers: Mapping[str, Fetch],
) -> None:
    size = amount(sum(direction.size for direction in wanted))
    names = ", ".join(direction.name for direction in wanted)
    progress.note(f"Fetching {names} ({size}, {licence}) from {host}; into {directory}")
    for direction in wanted:
        rows = translators.weights(direction, host, licence)
        fetching.ensure(rows, directory, progress, force=force, known=rows, fetchers=fetchers)


class _Memory:
    """Languages that could not be had from a host, each with when that was (seconds since 1970).

    A folder's are not remembered: to look there again costs nothing.
    """

    def __init__(self, path: Path, host: str, now: Callable[[], float]) -> None:
        self._path, self._host, self._now = path, host, now

    def has(self, language: str) -> bool:
        times = self._times()
        return any(0 <= self._now() - times.get(name, -_DAY) < _DAY for name in (language, _ANY))

    def add(self, language: str) -> None:
        """Does nothing in a folder that cannot be written."""
        if not is_folder(self._host):
            with suppress(OSError):
                self._path.write_text(json.dumps({self._host: self._times() | {language: self._now()}}))

    def _times(self) -> dict[str, float]:
        try:
            times = json.loads(self._path.read_bytes())[self._host]
            return {str(name): float(when) for name, when in times.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}
