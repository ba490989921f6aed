"""Settings, read once at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.config.profiles import DEFAULT_PROFILE
from pipeline.errors import ConfigError

DEFAULT_OUT = "out"
_OPTIONS = ("profile", "out", "model", "prompt")
_CHECKS = {"": None, "refuse": True, "report": False}
# A presigned URL lives a week at most (Signature Version 4).
_LONGEST_URL = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Aws:
    """What the profile `aws` works with; region and credentials come the usual boto3 way.

    endpoint: the SageMaker endpoint's name, or "ssm:" and the SSM parameter that holds it. component: the
    inference component on it, for endpoints that have them (Studio makes such). container: how it is asked,
    "text-generation" or "chat".
    streamed: whether its answers come token by token. bucket: where stories are kept.
    url_seconds: how long a signed URL lives. formality: as one speaks to a child, or "FORMAL", or "".
    terminology: a custom terminology of Amazon Translate. voices: a table made by `stories voices refresh`.
    workflow: the state machine that makes what the API is asked for. attempts: how often each request to a
    paid service is sent, 0 for each service's own bound; 1 where a state machine retries.
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
    workflow: str = ""
    attempts: int = 0

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Aws:
        """STORIES_ENDPOINT, _COMPONENT, _CONTAINER, _STREAMED (0: no), _BUCKET, _URL_SECONDS, _FORMALITY,
        _TERMINOLOGY, _VOICES, _WORKFLOW, _ATTEMPTS. Raises ConfigError: a number that is none."""
        whole = Aws()
        terminology, voices = environ.get("STORIES_TERMINOLOGY"), environ.get("STORIES_VOICES")
        return cls(
            endpoint=environ.get("STORIES_ENDPOINT", ""),
            component=environ.get("STORIES_COMPONENT", ""),
            container=environ.get("STORIES_CONTAINER") or whole.container,
            streamed=environ.get("STORIES_STREAMED") != "0",
            bucket=environ.get("STORIES_BUCKET", ""),
            url_seconds=_number(environ, "STORIES_URL_SECONDS", whole.url_seconds, 1, _LONGEST_URL),
            formality=environ.get("STORIES_FORMALITY", whole.formality).upper(),
            terminology=(terminology,) if terminology else (),
            voices=Path(voices).expanduser() if voices else None,
            workflow=environ.get("STORIES_WORKFLOW", ""),
            attempts=_number(environ, "STORIES_ATTEMPTS", whole.attempts, 0, 10),
        )


@dataclass(frozen=True, slots=True)
class Serving:
    """What the API works with, wherever it runs.

    wait: seconds that POST / waits for a story before it answers 202 (API Gateway ends a request after 29).
    origin: of the page that may call it from a browser; "" for none. workers, waiting: how many stories
    are made at once, and wait for their turn, where the server itself makes them. publish: whether each
    finished story is listed; a machine of one's own does so, a cloud lists what somebody approved.
    """

    wait: int = 24
    origin: str = ""
    workers: int = 2
    waiting: int = 16
    publish: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Serving:
        """STORIES_WAIT, _ORIGIN, _WORKERS, _WAITING, _PUBLISH (1: yes). Raises ConfigError."""
        whole = Serving()
        return cls(
            wait=_number(environ, "STORIES_WAIT", whole.wait, 0, 290),
            origin=environ.get("STORIES_ORIGIN", ""),
            workers=_number(environ, "STORIES_WORKERS", whole.workers, 1, 64),
            waiting=_number(environ, "STORIES_WAITING", whole.waiting, 0, 10_000),
            publish=environ.get("STORIES_PUBLISH") == "1",
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """profile: a name of data/profiles/*.toml. out: the store's folder. models: where weights lie.

    model: the writer's weights, by a name of the table or a path to a GGUF; "" for the profile's own.
    prompt: the story prompt's id, "name@version"; "" for the one that is current for the model.
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
    serving: Serving = Serving()
    prompt: str = ""

    @classmethod
    def from_options(cls, environ: Mapping[str, str], options: Any) -> Settings:
        """options: a command line's, as argparse read it. Raises ConfigError."""
        return cls.from_env(environ, **{name: getattr(options, name, None) for name in _OPTIONS})

    @classmethod
    def from_env(cls, environ: Mapping[str, str], **told: Any) -> Settings:
        """`told` (a command line's options) goes before STORIES_PROFILE, _OUT, _MODELS, _MODEL and _PROMPT.

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
            serving=Serving.from_env(environ),
            prompt=told.get("prompt") or environ.get("STORIES_PROMPT") or "",
        )


def _number(environ: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    told = environ.get(name) or str(usual)
    if not told.isascii() or not told.isdigit() or not least <= int(told) <= most:
        raise ConfigError(f"{name}={told[:20]!r} is no number from {least} to {most}", problem="bad-setting")
    return int(told)


def _strict(told: str) -> bool | None:
    if told not in _CHECKS:
        known = ", ".join(filter(None, _CHECKS))
        raise ConfigError(f"STORIES_CHECKS={told[:20]!r}: there are {known}", problem="bad-setting")
    return _CHECKS[told]
