"""The only place where engines are chosen, made and wrapped. Entry points call it; nothing else does."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.app import App, Chain
from pipeline.cache import CachedSpeech, CachedText, CachedTranslation
from pipeline.config import Settings, profile
from pipeline.engines import SpeechEngine, Store, TextEngine, TranslationEngine, create
from pipeline.judge import Judge
from pipeline.prompts import read, story_prompt
from pipeline.screen import word_screen
from pipeline.types import Voice

_END = 1 << 20


def build_app(settings: Settings, store: Store | None = None) -> App:
    """Nothing is loaded yet: weights and packages are asked for at the first use of their engine.

    Raises ConfigError: unknown profile, missing package.
    """
    spec = profile(settings.profile)
    kept = store if store is not None else create("files", root=settings.out)
    text = CachedText(_text(spec, settings), kept)
    language = create(spec["language"])
    engines = _Engines(text, language, kept, settings)
    return App(
        profile=settings.profile,
        text=text,
        prompt=story_prompt(),
        judge=Judge(text, read("judge")),
        screen=word_screen(),
        language=language,
        encoder=create(spec["encoder"]),
        store=kept,
        chains={locale: engines.chain(locale, told) for locale, told in spec["locales"].items()},
        strict=spec["strict"],
    )


def weights(settings: Settings) -> tuple[str, ...]:
    """The names of the weights that the profile needs; a model given by path needs no fetching."""
    from pipeline.engines.embedded import models

    spec = profile(settings.profile)
    writer = settings.model or spec["text"]
    named = () if writer == "fake" or models.is_path(writer) else (writer,)
    return (*named, *spec["weights"])


def models_dir(settings: Settings) -> Path:
    from pipeline.engines.embedded import models

    return settings.models or models.models_dir(os.environ)


def _text(spec: dict[str, Any], settings: Settings) -> TextEngine:
    name = settings.model or spec["text"]
    made: TextEngine
    if name == "fake":
        made = create("fake-text")
    else:
        made = create(
            "llama",
            name=_called(name),
            weights=partial(_weights, name, settings),
            readings=models_dir(settings) / "readings" if settings.readings else None,
        )
    return made


def _called(writer: str) -> str:
    """The writer's name in its fingerprint; a file's with a digest of its size and ends: names may repeat."""
    from pipeline.engines.embedded import models

    if not models.is_path(writer):
        return writer
    name = os.fsencode(Path(writer).name).decode(errors="replace")
    with suppress(OSError), Path(writer).expanduser().open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        ends = hashlib.sha256(str(size).encode())
        for start in (0, max(0, size - _END)):
            file.seek(start)
            ends.update(file.read(_END))
        return f"{name}-{ends.hexdigest()[:8]}"
    return name


def _weights(name: str, settings: Settings) -> Path:
    from pipeline.engines.embedded import models

    return models.path_of(name, models_dir(settings))


class _Engines:
    """Each engine is made once, however many locales use it."""

    def __init__(self, text: TextEngine, language: Any, store: Store, settings: Settings) -> None:
        self._text = text
        self._language = language
        self._store = store
        self._settings = settings
        self._made: dict[str, Any] = {}

    def chain(self, locale: str, told: dict[str, Any]) -> Chain:
        translation = told.get("translation")
        return Chain(
            locale=locale,
            voice=Voice(told["voice"], locale, told["speech"]),
            speech=self._speech(told["speech"]),
            translation=self._translation(translation) if translation else None,
            quality=told["quality"],
            labels=tuple(told.get("labels", ())),
            experimental=told.get("experimental", False),
        )

    def _translation(self, name: str) -> TranslationEngine:
        if name not in self._made:
            if name == "llm-translation":
                # Its calls are completions of the remembering text engine: kept sentence by sentence.
                self._made[name] = create(name, text=self._text, detector=self._language)
            else:
                self._made[name] = CachedTranslation(create(name), self._store)
        made: TranslationEngine = self._made[name]
        return made

    def _speech(self, name: str) -> SpeechEngine:
        if name not in self._made:
            options: dict[str, Any] = {}
            if name == "kokoro":
                options = {
                    "model": partial(_weights, "kokoro-82m-int8", self._settings),
                    "voices": partial(_weights, "kokoro-voices", self._settings),
                }
            self._made[name] = CachedSpeech(create(name, **options), self._store)
        made: SpeechEngine = self._made[name]
        return made
