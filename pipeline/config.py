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
_CHECKS = {"": None, "refuse": True, "report": False}
# A presigned URL lives a week at most (Signature Version 4).
_LONGEST_URL = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Aws:
    """What the profile `aws` works with; region and credentials come the usual boto3 way.

    endpoint: the SageMaker endpoint's name. component: the inference component on it, for endpoints that have
    them (Studio makes such). container: how it is asked, "text-generation" or "chat".
    streamed: whether its answers come token by token. bucket: where stories are kept.
    url_seconds: how long a signed URL lives. formality: as one speaks to a child, or "FORMAL", or "".
    terminology: a custom terminology of Amazon Translate. voices: a table made by `stories voices refresh`.
    """

    endpoint: str = ""
    component: str = ""
    container: str = "text-generation"
    streamed: bool = True
    bucket: str = ""
    url_seconds: int = 900
    formality: str = "INFORMAL"
    terminology: tuple[str, ...] = ()
    voices: Path | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Aws:
        """STORIES_ENDPOINT, _COMPONENT, _CONTAINER, _STREAMED (0: no), _BUCKET, _URL_SECONDS, _FORMALITY,
        _TERMINOLOGY, _VOICES. Raises ConfigError: a number that is none."""
        whole = Aws()
        terminology, voices = environ.get("STORIES_TERMINOLOGY"), environ.get("STORIES_VOICES")
        return cls(
            endpoint=environ.get("STORIES_ENDPOINT", ""),
            component=environ.get("STORIES_COMPONENT", ""),
            container=environ.get("STORIES_CONTAINER") or whole.container,
            streamed=environ.get("STORIES_STREAMED") != "0",
            bucket=environ.get("STORIES_BUCKET", ""),
            url_seconds=_seconds(environ.get("STORIES_URL_SECONDS") or str(whole.url_seconds)),
            formality=environ.get("STORIES_FORMALITY", whole.formality).upper(),
            terminology=(terminology,) if terminology else (),
            voices=Path(voices).expanduser() if voices else None,
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """profile: a name of profiles/*.toml. out: the store's folder. models: where weights lie.

    model: the writer's weights, by a name of the table or a path to a GGUF; "" for the profile's own.
    readings: whether what the local writer has read of its prompts is kept beside the weights (300 MB).
    strict: whether a failed check refuses a text; None is the profile's own.
    """

    profile: str = DEFAULT_PROFILE
    out: Path = Path(DEFAULT_OUT)
    models: Path | None = None
    model: str = ""
    readings: bool = True
    strict: bool | None = None
    aws: Aws = Aws()

    @classmethod
    def from_env(cls, environ: Mapping[str, str], **told: Any) -> Settings:
        """`told` (a command line's options) goes before STORIES_PROFILE, _OUT, _MODELS and _MODEL.

        STORIES_READINGS=0 keeps nothing of what the local writer has read; STORIES_CHECKS=report only reports
        what the checks find. Raises ConfigError: a value that cannot be meant.
        """
        models = told.get("models") or environ.get("STORIES_MODELS")
        return cls(
            profile=told.get("profile") or environ.get("STORIES_PROFILE") or DEFAULT_PROFILE,
            out=Path(told.get("out") or environ.get("STORIES_OUT") or DEFAULT_OUT),
            models=Path(models).expanduser() if models else None,
            model=told.get("model") or environ.get("STORIES_MODEL") or "",
            readings=environ.get("STORIES_READINGS") != "0",
            strict=_strict(environ.get("STORIES_CHECKS", "")),
            aws=Aws.from_env(environ),
        )


def _seconds(told: str) -> int:
    if not told.isascii() or not told.isdigit() or not 1 <= int(told) <= _LONGEST_URL:
        raise ConfigError(
            f"STORIES_URL_SECONDS={told[:20]!r} is no number from 1 to {_LONGEST_URL}", problem="bad-setting"
        )
    return int(told)


def _strict(told: str) -> bool | None:
    if told not in _CHECKS:
        known = ", ".join(filter(None, _CHECKS))
        raise ConfigError(f"STORIES_CHECKS={told[:20]!r}: there are {known}", problem="bad-setting")
    return _CHECKS[told]


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
