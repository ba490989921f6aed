"""Settings, read once at the edge, and profiles: which engines make what."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError

DEFAULT_PROFILE = "embedded"
DEFAULT_OUT = "out"


@dataclass(frozen=True, slots=True)
class Settings:
    """profile: a name of profiles/*.toml. out: the store's folder. models: where weights lie.

    model: the writer's weights, by a name of the table or a path to a GGUF; "" for the profile's own.
    readings: whether what the local writer has read of its prompts is kept beside the weights (300 MB).
    """

    profile: str = DEFAULT_PROFILE
    out: Path = Path(DEFAULT_OUT)
    models: Path | None = None
    model: str = ""
    readings: bool = True

    @classmethod
    def from_env(cls, environ: Mapping[str, str], **told: Any) -> Settings:
        """`told` (a command line's options) goes before STORIES_PROFILE, _OUT, _MODELS and _MODEL.

        STORIES_READINGS=0 keeps nothing of what the local writer has read.
        """
        models = told.get("models") or environ.get("STORIES_MODELS")
        return cls(
            profile=told.get("profile") or environ.get("STORIES_PROFILE") or DEFAULT_PROFILE,
            out=Path(told.get("out") or environ.get("STORIES_OUT") or DEFAULT_OUT),
            models=Path(models).expanduser() if models else None,
            model=told.get("model") or environ.get("STORIES_MODEL") or "",
            readings=environ.get("STORIES_READINGS") != "0",
        )


def profiles() -> tuple[str, ...]:
    names = (path.name for path in files("pipeline").joinpath("profiles").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def profile(name: str) -> dict[str, Any]:
    """The TOML of profiles/`name`.toml. Raises ConfigError, naming the known."""
    if name not in profiles():
        raise ConfigError(
            f"unknown profile {name!r}: there are {', '.join(profiles())}", problem="unknown-profile"
        )
    return tomllib.loads(files("pipeline").joinpath("profiles", f"{name}.toml").read_text("utf-8"))
