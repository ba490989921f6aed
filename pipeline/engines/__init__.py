"""What an engine is (the Protocols), and which there are (the registry).

An engine's constructor does no I/O: models and clients load on first use. `fingerprint` is
provider/model/adapter-version, everything that changes the output and nothing else: it is part of
the key under which a call is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from pipeline.errors import ConfigError
from pipeline.types import Completion, Narration, Prompt, Recording, Voice

OnText = Callable[[str], None]


def ignore(_: str) -> None:
    """The listener of a caller who does not watch an answer grow."""


def heard(texts: Iterable[str], on_text: OnText) -> tuple[str, ...]:
    """All of `texts`, each told to `on_text` as it comes."""
    told = []
    for text in texts:
        on_text(text)
        told.append(text)
    return tuple(told)


class TextEngine(Protocol):
    """Writes. Thread-safe: `parallel` calls at once are what it serves best."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def parallel(self) -> int: ...

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        """`on_text` hears each piece of text as it comes. Raises EngineError."""
        ...


class TranslationEngine(Protocol):
    """Translates. As many texts out as in, in order."""

    @property
    def fingerprint(self) -> str: ...

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        """source, target: BCP-47 tags. `on_text` hears each translation, in order, as it comes.

        Raises EngineError.
        """
        ...


class SpeechEngine(Protocol):
    """Speaks a segment a call. Thread-safe: `parallel` calls at once are what it serves best."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def parallel(self) -> int: ...

    def voices(self) -> tuple[Voice, ...]: ...

    def synthesize(self, text: str, voice: Voice) -> Narration:
        """Raises EngineError; RequestError for a voice that it does not have."""
        ...


class AudioEncoder(Protocol):
    """Joins the narrations of a story, in order, into one mp3."""

    @property
    def fingerprint(self) -> str: ...

    def join(self, narrations: Sequence[Narration]) -> Recording: ...


class LanguageDetector(Protocol):
    """Says which of our languages a text is in."""

    def confidence(self, text: str, language: str) -> float:
        """How sure it is, 0 to 1, that `text` is in `language` (a primary subtag)."""
        ...

    def detect(self, text: str) -> str | None:
        """The primary subtag it is most sure of; None where it cannot tell."""
        ...


class Store(Protocol):
    """Named bytes. Keys are relative POSIX paths."""

    def get(self, key: str) -> bytes:
        """Raises NotFoundError."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Whole or not at all. Raises StoreError."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """True where this call wrote it; False where it was there already."""
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys that start with `prefix`, sorted; only those that come after `after`, where it is said."""
        ...

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        """Where a reader finds it. expires_in: seconds, where the store signs; None is the store's own.

        filename: offered as a download under this name, where the store can say so.
        """
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an engine lives, and what to install when its package is missing."""

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
    "ct2": Entry("pipeline.engines.embedded.ct2:CTranslate2Translation", _SETUP),
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
    """Make the engine that the registry calls `name`. Raises ConfigError: unknown, or not installed."""
    entry = REGISTRY.get(name)
    if entry is None:
        known = ", ".join(sorted(REGISTRY))
        raise ConfigError(f"unknown engine {name!r}; known: {known}", problem="unknown-engine")
    module, _, attribute = entry.path.partition(":")
    try:
        made = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"engine {name!r} needs the package {error.name!r}: {entry.install}",
            problem="missing-package",
        ) from error
    return made(**options)
