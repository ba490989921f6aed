"""Engines that never pay for the same call twice, with the engines' own Protocols. See memo.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Protocol

from pipeline.errors import EngineError, NotFoundError
from pipeline.ports import (
    OnText,
    Remembering,
    SpeechEngine,
    Store,
    TextEngine,
    TranslationEngine,
    ignore,
    pass_on,
)
from pipeline.storage import keys
from pipeline.storage.digest import well_formed
from pipeline.storage.integrity import Body, CorruptError
from pipeline.storage.memo import entry, memo, seal, since, unseal
from pipeline.storage.narrations import Narrations
from pipeline.types import Completion, Narration, Prompt, Usage, Voice


@dataclass(frozen=True, slots=True)
class CachedText:
    engine: TextEngine
    store: Store

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    @property
    def parallel(self) -> int:
        return self.engine.parallel

    def at(self, store: Store) -> CachedText:
        """Over a private story's store: beside that, nothing is kept."""
        engine = self.engine.forgetful() if isinstance(self.engine, Remembering) else self.engine
        return CachedText(engine, store)

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        streamed = False

        def stream(piece: str) -> None:
            nonlocal streamed
            streamed = True
            on_text(piece)

        def call() -> Body:
            started = time.perf_counter()
            completion = self.engine.complete(prompt, stream)
            completion = replace(completion, text=well_formed(completion.text))
            usage = Usage(1, completion.prompt_tokens, completion.completion_tokens, seconds=since(started))
            return entry(prompt.name, self.fingerprint, usage, asdict(completion))

        answer = _json_memo(self.store, _text_key(self.fingerprint, prompt), call)["answer"]
        if not streamed:
            on_text(answer["text"])
        return Completion(**answer)


def cached_usage(store: Store, engine: TextEngine, prompt: Prompt) -> Usage | None:
    """What this completion took when it was made; None where it is not cached. Calls no engine."""
    body = _find(store, engine, prompt)
    return Usage(**body["usage"]) if body else None


def cached_completion(store: Store, engine: TextEngine, prompt: Prompt) -> Completion | None:
    """This completion, where it is cached. Calls no engine."""
    body = _find(store, engine, prompt)
    return Completion(**body["answer"]) if body else None


@dataclass(frozen=True, slots=True)
class CachedTranslation:
    """Keeps whole calls."""

    engine: TranslationEngine
    store: Store
    in_turns: ClassVar[bool] = False

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    def at(self, store: Store) -> CachedTranslation:
        return CachedTranslation(self.engine, store)

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        streamed = False

        def stream(text: str) -> None:
            nonlocal streamed
            streamed = True
            on_text(text)

        def call() -> Body:
            started = time.perf_counter()
            translations = self.engine.translate(texts, source, target, stream)
            if len(translations) != len(texts):
                raise EngineError(
                    f"the translator gave {len(translations)} texts for {len(texts)}: run it again",
                    engine=self.fingerprint,
                    problem="bad-translation",
                )
            usage = Usage(1, characters=sum(map(len, texts)), seconds=since(started))
            return entry("translate", self.fingerprint, usage, list(map(well_formed, translations)))

        sent = {"texts": list(texts), "source": source, "target": target}
        answer = _json_memo(self.store, keys.call("translate", self.fingerprint, sent), call)["answer"]
        return tuple(answer) if streamed else pass_on(answer, on_text)


class CachedSpeech:
    def __init__(self, engine: SpeechEngine, store: Store) -> None:
        self.engine = engine
        self._narrations = Narrations(store)

    @property
    def fingerprint(self) -> str:
        return self.engine.fingerprint

    @property
    def parallel(self) -> int:
        return self.engine.parallel

    @property
    def media_type(self) -> str:
        return self.engine.media_type

    def at(self, store: Store) -> CachedSpeech:
        return CachedSpeech(self.engine, store)

    def voices(self) -> tuple[Voice, ...]:
        return self.engine.voices()

    def synthesize(self, text: str, voice: Voice) -> Narration:
        """The narration, and in its `key` where the sound lies in the store."""
        return self._narrations.keep(self.engine, text, voice)


def uncached(engine: SpeechEngine) -> SpeechEngine:
    """The engine itself, of which nothing is kept."""
    return engine.engine if isinstance(engine, CachedSpeech) else engine


class Detection(Protocol):
    """A paid call that says which language a text is in."""

    @property
    def fingerprint(self) -> str: ...

    def __call__(self, text: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class CachedDetection:
    engine: Detection
    store: Store

    def at(self, store: Store) -> CachedDetection:
        return CachedDetection(self.engine, store)

    def __call__(self, text: str) -> str | None:
        def call() -> Body:
            started = time.perf_counter()
            language = self.engine(text)
            usage = Usage(1, characters=len(text), seconds=since(started))
            return entry("detect", self.engine.fingerprint, usage, language)

        key = keys.call("detect", self.engine.fingerprint, text)
        answer: str | None = _json_memo(self.store, key, call)["answer"]
        return answer


def _json_memo(store: Store, key: str, call: Callable[[], Body]) -> Body:
    return memo(store, key, call, seal, unseal)


def _find(store: Store, engine: TextEngine, prompt: Prompt) -> Body | None:
    try:
        return unseal(store.get(_text_key(engine.fingerprint, prompt)))
    except (NotFoundError, CorruptError):
        return None


def _text_key(fingerprint: str, prompt: Prompt) -> str:
    sent = asdict(prompt)
    if not prompt.dry:  # a later setting: entries from before it keep their keys
        del sent["dry"]
    return keys.call("complete", fingerprint, sent)
