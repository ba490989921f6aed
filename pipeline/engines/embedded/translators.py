"""The pinned translators (data/translators.toml): the files of each direction, and which are here."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipeline.engines.embedded.models import Weights
from pipeline.engines.embedded.sources import Archive, Source
from pipeline.errors import ConfigError

ENGLISH = "en"
PARTS = ("model", "vocabulary", "shortlist")


@dataclass(frozen=True, slots=True)
class Part:
    """location: of the file in its package, or on Mozilla's host or a mirror of it. size: bytes."""

    location: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Direction:
    """One pair of languages. package: the installed wheel that holds the files; "" where they are fetched.

    parts: by the names of PARTS; vocabulary and shortlist serve both languages.
    """

    source: str
    target: str
    release: str
    package: str
    parts: Mapping[str, Part]

    @property
    def name(self) -> str:
        return f"firefox-{self.source}-{self.target}"

    @property
    def language(self) -> str:
        """The one beside English."""
        return self.target if self.source == ENGLISH else self.source

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts.values())

    def path(self, part: str, directory: Path) -> Path | None:
        """Where the file lies on this machine; None where its package is not installed."""
        if not self.package:
            return directory / f"{self.name}-{self.release}-{part}.bin"
        try:
            # Located without importing it: its native engine crashes with threads that come and go.
            return Path(str(distribution(self.package).locate_file(self.parts[part].location)))
        except PackageNotFoundError:
            return None


@dataclass(frozen=True, slots=True)
class Translators:
    """host: the root of every location that is fetched. directions: by name."""

    host: str
    licence: str
    directions: Mapping[str, Direction]


@cache
def table() -> Translators:
    """The shipped table."""
    entries = tomllib.loads(files("pipeline").joinpath("data", "translators.toml").read_text("utf-8"))
    directions = (_direction(pair, entry) for pair, entry in entries["directions"].items())
    return Translators(
        entries["host"],
        entries["licence"],
        MappingProxyType({direction.name: direction for direction in directions}),
    )


def _direction(pair: str, entry: dict[str, Any]) -> Direction:
    source, _, target = pair.partition("-")
    parts = {name: Part(**entry[name]) for name in PARTS}
    return Direction(source, target, entry["release"], entry.get("package", ""), MappingProxyType(parts))


def of(language: str, known: Translators | None = None) -> tuple[Direction, ...]:
    """From English to `language` and back; empty for a language without translators."""
    directions = (known or table()).directions.values()
    return tuple(direction for direction in directions if direction.language == language)


def are_here(directions: tuple[Direction, ...], directory: Path) -> bool:
    """Whether all files are here with their sizes; False for no direction. Hashes are compared on use."""
    return bool(directions) and all(
        _size(direction.path(part, directory)) == direction.parts[part].size
        for direction in directions
        for part in PARTS
    )


def _size(path: Path | None) -> int:
    try:
        return path.stat().st_size if path else -1
    except OSError:
        return -1


def read(direction: Direction, directory: Path) -> dict[str, bytes]:
    """The files by the names of PARTS, each as pinned. Raises ConfigError: missing or corrupt weights."""
    return {part: _read(direction, part, directory) for part in PARTS}


def _read(direction: Direction, part: str, directory: Path) -> bytes:
    path = direction.path(part, directory)
    todo = "`make setup`" if direction.package else f"`stories models fetch {direction.name} --force`"
    try:
        content = path.read_bytes() if path else b""
    except OSError as error:
        raise ConfigError(
            f"the {part} of {direction.name} cannot be read ({error.strerror}): run {todo}",
            problem="missing-weights",
        ) from error
    if hashlib.sha256(content).hexdigest() != direction.parts[part].sha256:
        raise ConfigError(
            f"the {part} of {direction.name} is not the pinned file: run {todo}", problem="corrupt-weights"
        )
    return content


def weights(direction: Direction, host: str, licence: str) -> dict[str, Weights]:
    """The files of a fetched direction as pinned weights, by a name of their own: what fetch.ensure takes."""
    return {
        f"{direction.name}-{part}": Weights(
            name=direction.name,
            file=f"{direction.name}-{direction.release}-{part}.bin",
            size=pin.size,
            sha256=pin.sha256,
            licence=licence,
            use="translator",
            about=f"{part} of the translator {direction.source} to {direction.target}",
            sources=(Source("attachment", (Archive(f"{host}/{pin.location}", pin.size, pin.sha256),)),),
        )
        for part, pin in direction.parts.items()
    }
