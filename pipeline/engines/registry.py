"""The engines by name: name -> class, imported at first use."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Entry:
    """path: MODULE:CLASS of an engine. install: what to do when its package is missing."""

    path: str
    install: str


_SETUP = "run `make setup`"
REGISTRY: dict[str, Entry] = {
    "fake-text": Entry("pipeline.engines.fake:FakeText", _SETUP),
    "fake-translation": Entry("pipeline.engines.fake:FakeTranslation", _SETUP),
    "fake-speech": Entry("pipeline.engines.fake:FakeSpeech", _SETUP),
    "fake-encoder": Entry("pipeline.engines.fake:FakeEncoder", _SETUP),
    "fake-language": Entry("pipeline.engines.fake:FakeLanguage", _SETUP),
    "llama": Entry("pipeline.engines.embedded.llama:LlamaText", _SETUP),
    "llm-translation": Entry("pipeline.engines.embedded.llm_translate:LlmTranslation", _SETUP),
    "bergamot": Entry("pipeline.engines.embedded.bergamot:BergamotTranslation", _SETUP),
    "kokoro": Entry("pipeline.engines.embedded.kokoro:KokoroSpeech", _SETUP),
    "espeak": Entry("pipeline.engines.embedded.espeak:EspeakSpeech", _SETUP),
    "lame": Entry("pipeline.engines.embedded.lame:LameEncoder", _SETUP),
    "lingua": Entry("pipeline.engines.embedded.language:LinguaDetector", _SETUP),
    "sagemaker": Entry("pipeline.engines.aws.sagemaker:SageMakerText", _SETUP),
    "amazon-translate": Entry("pipeline.engines.aws.translate:AmazonTranslation", _SETUP),
    "polly": Entry("pipeline.engines.aws.polly:PollySpeech", _SETUP),
    "joined-mp3": Entry("pipeline.engines.joined:JoinedMp3", _SETUP),
    "service-language": Entry("pipeline.engines.aws.language:ServiceLanguage", _SETUP),
    "amazon-detection": Entry("pipeline.engines.aws.language:AmazonDetection", _SETUP),
    "function-words": Entry("pipeline.engines.function_words:FunctionWords", _SETUP),
    "s3": Entry("pipeline.engines.aws.s3:S3Store", _SETUP),
    "files": Entry("pipeline.engines.embedded.files:FileStore", _SETUP),
}


def create(name: str, /, **options: Any) -> Any:
    """A new engine of this name. Raises ConfigError: unknown, or not installed."""
    entry = REGISTRY.get(name)
    if entry is None:
        known = ", ".join(sorted(REGISTRY))
        raise ConfigError(f"unknown engine {name!r}; known: {known}", problem="unknown-engine")
    module, _, attribute = entry.path.partition(":")
    try:
        engine = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"engine {name!r} needs the package {error.name!r}: {entry.install}",
            problem="missing-package",
        ) from error
    return engine(**options)
