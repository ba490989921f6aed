"""The options of each engine's constructor, from the settings, the profile and the parts of an app."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.bootstrap.models import model_name, models_dir, path_of, voice_path
from pipeline.engines.registry import create
from pipeline.storage.cache import CachedDetection

if TYPE_CHECKING:
    from pipeline.bootstrap.parts import Parts


def _llama(parts: Parts) -> dict[str, Any]:
    settings = parts.settings
    name = settings.model or parts.spec["text"]
    return {
        "name": model_name(name),
        "weights": partial(path_of, name, settings),
        "readings": models_dir(settings) / "readings" if settings.readings else None,
    }


def _kokoro(parts: Parts) -> dict[str, Any]:
    return {
        "model": partial(voice_path, "kokoro-82m-int8", parts.settings),
        "voices": partial(voice_path, "kokoro-voices", parts.settings),
    }


def _sagemaker(parts: Parts) -> dict[str, Any]:
    aws = parts.settings.aws
    return {
        "clients": parts.clients,
        "endpoint": aws.endpoint,
        "model": parts.settings.model or parts.spec["text"],
        "container": aws.container,
        "streamed": aws.streamed,
        "component": aws.component,
    }


def _bedrock(parts: Parts) -> dict[str, Any]:
    aws = parts.settings.aws
    return {
        "clients": parts.clients,
        "model": parts.settings.model,
        "guardrail": aws.guardrail,
        "streamed": aws.streamed,
    }


def _openai(parts: Parts) -> dict[str, Any]:
    writer = parts.settings.writer
    return {
        "url": writer.url,
        "key": writer.key,
        "plain": writer.plain,
        "model": parts.settings.model,
        "attempts": parts.settings.aws.attempts,
    }


def _amazon_translate(parts: Parts) -> dict[str, Any]:
    aws = parts.settings.aws
    return {"clients": parts.clients, "formality": aws.formality, "terminology": aws.terminology}


def _service_language(parts: Parts) -> dict[str, Any]:
    paid = CachedDetection(create("amazon-detection", clients=parts.clients), parts.store)
    return {"detect_paid": paid, "words": parts.words}


def _s3(parts: Parts) -> dict[str, Any]:
    aws = parts.settings.aws
    return {"clients": parts.clients, "bucket": aws.bucket, "url_seconds": aws.url_seconds}


# The options of each engine's constructor; an engine that is not listed has none.
OPTIONS: dict[str, Callable[[Parts], dict[str, Any]]] = {
    "llama": _llama,
    "llm-translation": lambda parts: {"text": parts.text, "detector": parts.language},
    "kokoro": _kokoro,
    "lingua": lambda parts: {"words": parts.words},
    "files": lambda parts: {"root": parts.settings.out},
    "openai": _openai,
    "sagemaker": _sagemaker,
    "bedrock": _bedrock,
    "amazon-translate": _amazon_translate,
    "service-language": _service_language,
    "polly": lambda parts: {
        "clients": parts.clients,
        "table": parts.settings.aws.voices,
        "parallel": parts.settings.aws.speech_parallel,
    },
    "s3": _s3,
}
