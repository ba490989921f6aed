"""The pinned weights (data/models.toml): what they are, where they lie on this machine, and whether intact.

Hashing a gigabyte takes seconds: a file that passed gets a stamp (stamps.py), and is not hashed again while
that holds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipeline.config import paths
from pipeline.engines.embedded import gguf, stamps
from pipeline.engines.embedded.sources import Archive, Source
from pipeline.engines.embedded.sources.client import sha256_of
from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Weights:
    """One pinned file. size (bytes), sha256: of the file as it lies in the models directory.

    use: "writer", "voice" or "bench". about: one line for a person. sources: in order of preference.
    """

    name: str
    file: str
    size: int
    sha256: str
    licence: str
    use: str
    about: str
    sources: tuple[Source, ...]

    @property
    def download_size(self) -> int:
        """Bytes to download from the preferred source."""
        return self.sources[0].size


Table = Mapping[str, Weights]


def models_dir(environ: Mapping[str, str]) -> Path:
    """$STORIES_MODELS, else the user's cache directory of this system."""
    chosen = environ.get("STORIES_MODELS", "").strip()
    if chosen:
        return paths.path(chosen).absolute()
    import platformdirs

    return platformdirs.user_cache_path("mvp-stories") / "models"


@cache
def table() -> Table:
    """The shipped table, by name."""
    entries = tomllib.loads(files("pipeline").joinpath("data", "models.toml").read_text("utf-8"))
    return MappingProxyType({name: _weights(name, entry) for name, entry in entries.items()})


def _weights(name: str, entry: dict[str, Any]) -> Weights:
    sources = tuple(
        Source(source["kind"], tuple(map(_archive, source["archives"]))) for source in entry.pop("sources")
    )
    return Weights(name=name, sources=sources, **entry)


def _archive(entry: dict[str, Any]) -> Archive:
    return Archive(members=tuple(entry.pop("members", ())), **entry)


def find(name: str, known: Table | None = None) -> Weights:
    """Raises ConfigError (unknown-weights), with the known names."""
    known = table() if known is None else known
    if name not in known:
        names = ", ".join(known)
        raise ConfigError(
            f"unknown weights {name!r}; known: {names}, or the path of a .gguf file",
            problem="unknown-weights",
        )
    return known[name]


def path_of(name_or_path: str, directory: Path, known: Table | None = None) -> Path:
    """Where the weights lie: a name of the table, or the path of any GGUF file.

    Raises ConfigError: missing-weights, corrupt-weights, unknown-weights.
    """
    known = table() if known is None else known
    if name_or_path not in known and gguf.is_path(name_or_path):
        return gguf.checked(paths.path(name_or_path))
    weights = find(name_or_path, known)
    if not is_present(weights, directory):
        raise _absent(weights)
    return directory / weights.file


def missing(names: Iterable[str], directory: Path, known: Table | None = None) -> tuple[Weights, ...]:
    """Those that `directory` lacks. Raises ConfigError (corrupt-weights) for one that is not as pinned."""
    selected = [find(name, known) for name in dict.fromkeys(names)]
    return tuple(weights for weights in selected if not is_present(weights, directory))


def announce(names: Iterable[str], directory: Path, known: Table | None = None) -> str:
    """How much a fetch will download and under which licences; empty where nothing is missing."""
    absent = missing(names, directory, known)
    if not absent:
        return ""
    each = ", ".join(f"{w.name} ({amount(w.download_size)}, {w.licence})" for w in absent)
    models = "1 model" if len(absent) == 1 else f"{len(absent)} models"
    total = amount(sum(weights.download_size for weights in absent))
    return f"Fetching {models}, {total} in all: {each}; into {directory}"


def amount(size: int) -> str:
    """Bytes for a person: "12 kB", "98 MB", "1.1 GB"."""
    if size >= 1e9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def is_present(weights: Weights, directory: Path) -> bool:
    """Quick for a stamped file. Raises ConfigError (corrupt-weights) for one that is not as pinned."""
    path = directory / weights.file
    if not path.is_file():
        return False
    if path.stat().st_size != weights.size:
        raise _corrupt(weights, f"{path.stat().st_size} bytes instead of {weights.size}")
    if not stamps.holds(path, weights.sha256):
        verify(weights, directory)
    return True


def verify(weights: Weights, directory: Path) -> Path:
    """The file, hashed as a whole. Raises ConfigError: missing-weights or corrupt-weights."""
    path = directory / weights.file
    if not path.is_file():
        raise _absent(weights)
    before = stamps.state(path)
    if sha256_of(path) != weights.sha256:
        raise _corrupt(weights, "its SHA-256 is not the pinned one")
    stamps.write(path, weights.sha256, before)
    return path


def _absent(weights: Weights) -> ConfigError:
    return ConfigError(
        f"the weights {weights.name} are not on this machine: "
        f"run `stories models fetch {weights.name}` ({amount(weights.download_size)})",
        problem="missing-weights",
    )


def _corrupt(weights: Weights, difference: str) -> ConfigError:
    return ConfigError(
        f"the weights {weights.name} are corrupt ({difference}): "
        f"run `stories models fetch {weights.name} --force` ({amount(weights.download_size)})",
        problem="corrupt-weights",
    )
