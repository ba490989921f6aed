"""Profiles: the engines of each step, a TOML file each in data/profiles."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from pipeline.errors import ConfigError

DEFAULT_PROFILE = "embedded"


def profiles() -> tuple[str, ...]:
    names = (path.name for path in files("pipeline").joinpath("data", "profiles").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def profile(name: str) -> dict[str, Any]:
    """The TOML of data/profiles/`name`.toml. Raises ConfigError: unknown."""
    if name not in profiles():
        raise ConfigError(
            f"unknown profile {name!r}: there are {', '.join(profiles())}", problem="unknown-profile"
        )
    return tomllib.loads(files("pipeline").joinpath("data", "profiles", f"{name}.toml").read_text("utf-8"))
