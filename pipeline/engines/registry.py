"""The engines by name, imported at first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pipeline.errors import ConfigError

# Name -> module:class. `make setup` installs the packages of all of them.
REGISTRY: dict[str, str] = {
    "fake-text": "pipeline.engines.fake:FakeText",
    "fake-translation": "pipeline.engines.fake:FakeTranslation",
    "fake-speech": "pipeline.engines.fake:FakeSpeech",
    "fake-encoder": "pipeline.engines.fake:FakeEncoder",
    "fake-language": "pipeline.engines.fake:FakeLanguage",
    "llama": "pipeline.engines.embedded.llama:LlamaText",
    "llm-translation": "pipeline.engines.embedded.llm_translate:LlmTranslation",
    "firefox": "pipeline.engines.embedded.firefox:FirefoxTranslation",
    "kokoro": "pipeline.engines.embedded.kokoro:KokoroSpeech",
    "hibari": "pipeline.engines.embedded.hibari:HibariSpeech",
    "espeak": "pipeline.engines.embedded.espeak:EspeakSpeech",
    "lame": "pipeline.engines.embedded.lame:LameEncoder",
    "lingua": "pipeline.engines.embedded.language:LinguaDetector",
    "openai": "pipeline.engines.openai.text:OpenAiText",
    "sagemaker": "pipeline.engines.aws.sagemaker:SageMakerText",
    "bedrock": "pipeline.engines.aws.bedrock:BedrockText",
    "amazon-translate": "pipeline.engines.aws.translate:AmazonTranslation",
    "polly": "pipeline.engines.aws.polly:PollySpeech",
    "joined-mp3": "pipeline.engines.joined:JoinedMp3",
    "service-language": "pipeline.engines.aws.language:ServiceLanguage",
    "amazon-detection": "pipeline.engines.aws.language:AmazonDetection",
    "foreign-ideas": "pipeline.engines.embedded.foreign_ideas:ForeignIdeas",
    "idea-meanings": "pipeline.engines.embedded.idea_meanings:LinearMeanings",
    "function-words": "pipeline.engines.function_words:FunctionWords",
    "s3": "pipeline.engines.aws.s3:S3Store",
    "files": "pipeline.engines.embedded.files:FileStore",
}


def create(name: str, /, **options: Any) -> Any:
    """A new engine of this name. Raises ConfigError: unknown, or not installed."""
    if name not in REGISTRY:
        known = ", ".join(sorted(REGISTRY))
        raise ConfigError(f"unknown engine {name!r}; known: {known}", problem="unknown-engine")
    module, _, attribute = REGISTRY[name].partition(":")
    try:
        engine = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"engine {name!r} needs the package {error.name!r}: run `make setup`", problem="missing-package"
        ) from error
    return engine(**options)
