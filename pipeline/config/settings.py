"""Settings: read from the environment once, at the entry point, and passed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.config.paths import path
from pipeline.config.profiles import DEFAULT_PROFILE
from pipeline.errors import ConfigError

DEFAULT_OUT = "out"
_OPTIONS = ("profile", "out", "model", "prompt")
# The writers that may be named, for any profile; "" is the profile's own.
_WRITERS = ("", "sagemaker", "bedrock")
_CHECKS = {"": None, "refuse": True, "report": False}
# A presigned URL is valid for a week at most (Signature Version 4).
_LONGEST_URL = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Aws:
    """Settings of the profile `aws`; region and credentials are boto3's own.

    endpoint: the SageMaker endpoint's name, or "ssm:" and the SSM parameter that holds it. component: the
    inference component, for endpoints that have them (Studio creates such). container: the protocol of the
    endpoint, "text-generation" or "chat". streamed: whether completions arrive token by token. bucket: where
    stories are kept. url_seconds: how long a signed URL is valid. formality: of Amazon Translate, "INFORMAL",
    "FORMAL" or "". terminology: a custom terminology of Amazon Translate. voices: a table written by
    `stories voices refresh`. workflow: the ARN of the state machine that makes stories for the API. attempts:
    of each request to a paid service, 0 for the service's default; 1 where a state machine retries.
    guardrail: of Bedrock, "id:version" or "". push: the WebSocket API at which changes are pushed, with its
    stage, as wss://…; "" for none. speech_parallel: sentences of a story that Polly speaks at
    once.
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
    guardrail: str = ""
    push: str = ""
    speech_parallel: int = 2

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Aws:
        """STORIES_ENDPOINT, _COMPONENT, _CONTAINER, _STREAMED (0: no), _BUCKET, _URL_SECONDS, _FORMALITY,
        _TERMINOLOGY, _VOICES, _WORKFLOW, _ATTEMPTS, _GUARDRAIL, _PUSH, _SPEECH_PARALLEL. Raises ConfigError:
        not a number, or out of range."""
        default = Aws()
        terminology, voices = environ.get("STORIES_TERMINOLOGY"), environ.get("STORIES_VOICES")
        return cls(
            endpoint=environ.get("STORIES_ENDPOINT", ""),
            component=environ.get("STORIES_COMPONENT", ""),
            container=environ.get("STORIES_CONTAINER") or default.container,
            streamed=environ.get("STORIES_STREAMED") != "0",
            bucket=environ.get("STORIES_BUCKET", ""),
            url_seconds=_number(environ, "STORIES_URL_SECONDS", default.url_seconds, 1, _LONGEST_URL),
            formality=environ.get("STORIES_FORMALITY", default.formality).upper(),
            terminology=(terminology,) if terminology else (),
            voices=path(voices) if voices else None,
            workflow=environ.get("STORIES_WORKFLOW", ""),
            attempts=_number(environ, "STORIES_ATTEMPTS", default.attempts, 0, 10),
            guardrail=environ.get("STORIES_GUARDRAIL", "").strip(),
            push=environ.get("STORIES_PUSH", "").rstrip("/"),
            speech_parallel=_number(environ, "STORIES_SPEECH_PARALLEL", default.speech_parallel, 1, 18),
        )


@dataclass(frozen=True, slots=True)
class Writer:
    """Another writer than the profile's, whatever the profile; "" for the profile's own.

    engine: "sagemaker" or "bedrock". url: a server of one's own choice, which goes before `engine`: the base
    of its OpenAI protocol, as in "http://127.0.0.1:11434/v1". key: the bearer token. plain: http:// is
    allowed to hosts that are neither this machine nor on a private network.
    """

    url: str = ""
    key: str = field(default="", repr=False)
    plain: bool = False
    engine: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Writer:
        """STORIES_WRITER, _WRITER_URL, _WRITER_KEY, _WRITER_HTTP (1: yes). Raises ConfigError: unknown."""
        engine = environ.get("STORIES_WRITER", "").strip()
        if engine not in _WRITERS:
            known = " or ".join(filter(None, _WRITERS))
            raise ConfigError(f"STORIES_WRITER={engine[:20]!r} is not {known}", problem="bad-setting")
        return cls(
            engine=engine,
            url=environ.get("STORIES_WRITER_URL", "").strip(),
            key=environ.get("STORIES_WRITER_KEY", ""),
            plain=environ.get("STORIES_WRITER_HTTP") == "1",
        )


@dataclass(frozen=True, slots=True)
class Serving:
    """Settings of the API.

    wait: seconds that POST / waits for a story before it answers 202 (API Gateway ends a request after 29).
    origin: of the page that may call it from a browser; "" for none. workers, waiting: how many stories
    are made at once, and how many may wait, where the server itself makes them. publish: whether finished
    stories are listed at once; on AWS, a person approves them first. per_day: the most editions that the
    Lambda function begins in a day, 0 for any number.
    """

    wait: int = 24
    origin: str = ""
    workers: int = 2
    waiting: int = 16
    publish: bool = False
    per_day: int = 0

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Serving:
        """STORIES_WAIT, _ORIGIN, _WORKERS, _WAITING, _PUBLISH (1: yes), _PER_DAY. Raises ConfigError."""
        default = Serving()
        return cls(
            wait=_number(environ, "STORIES_WAIT", default.wait, 0, 290),
            origin=environ.get("STORIES_ORIGIN", ""),
            workers=_number(environ, "STORIES_WORKERS", default.workers, 1, 64),
            waiting=_number(environ, "STORIES_WAITING", default.waiting, 0, 10_000),
            publish=environ.get("STORIES_PUBLISH") == "1",
            per_day=_number(environ, "STORIES_PER_DAY", default.per_day, 0, 100_000),
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """profile: a name of data/profiles/*.toml. out: the store's folder. models: the folder of the weights.

    mirror: a URL or a folder in place of the host of the translators' files; "" for Mozilla's own.
    model: the writer's weights, a name of `stories models` or a path to a GGUF; "" for the profile's own; the
    model's name at the server, where `writer` names one.
    prompt: the story prompt's id, "name@version"; "" for the model's current prompt.
    readings: whether the local writer's state after reading its prompts is kept beside the weights (300 MB).
    strict: whether a text that fails a check is rejected; None for the profile's own.
    private_days: how long a story with a child's name is kept.
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
    writer: Writer = Writer()
    mirror: str = ""
    private_days: int = 30

    @classmethod
    def from_options(cls, environ: Mapping[str, str], options: Any) -> Settings:
        """options: a command line's, as argparse read it. Raises ConfigError."""
        return cls.from_env(environ, **{name: getattr(options, name, None) for name in _OPTIONS})

    @classmethod
    def from_env(cls, environ: Mapping[str, str], **options: Any) -> Settings:
        """From STORIES_PROFILE, _OUT, _MODELS, _MODEL, _PROMPT, which `options` override, and from

        STORIES_MODELS_MIRROR, STORIES_PRIVATE_DAYS (1 to 365), STORIES_READINGS (0: no) and STORIES_CHECKS
        ("refuse", or "report" for strict=False). Raises ConfigError: an invalid value.
        """
        models = options.get("models") or environ.get("STORIES_MODELS")
        return cls(
            profile=options.get("profile") or environ.get("STORIES_PROFILE") or DEFAULT_PROFILE,
            out=path(options.get("out") or environ.get("STORIES_OUT") or DEFAULT_OUT),
            models=path(models) if models else None,
            model=options.get("model") or environ.get("STORIES_MODEL") or "",
            readings=environ.get("STORIES_READINGS") != "0",
            strict=_strict(environ.get("STORIES_CHECKS", "")),
            aws=Aws.from_env(environ),
            serving=Serving.from_env(environ),
            prompt=options.get("prompt") or environ.get("STORIES_PROMPT") or "",
            writer=Writer.from_env(environ),
            mirror=environ.get("STORIES_MODELS_MIRROR", "").strip(),
            private_days=_number(environ, "STORIES_PRIVATE_DAYS", 30, 1, 365),
        )


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    value = environ.get(name) or str(default)
    if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
        raise ConfigError(
            f"{name}={value[:20]!r} is not a number from {least} to {most}", problem="bad-setting"
        )
    return int(value)


def _strict(value: str) -> bool | None:
    if value not in _CHECKS:
        known = " or ".join(filter(None, _CHECKS))
        raise ConfigError(f"STORIES_CHECKS={value[:20]!r} is not {known}", problem="bad-setting")
    return _CHECKS[value]
