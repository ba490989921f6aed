"""The engines behind the local AWS: those of one of the pipeline's local profiles.

draft: SmolLM2, Firefox's translator for Portuguese (labelled fakes otherwise), hibari, espeak. embedded:
Qwen, the translators that are here, hibari and Kokoro. fake: nothing to load, equal results every time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.app import App
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import FakeTranslation, MemoryStore
from pipeline.errors import EngineError
from pipeline.ports import LanguageDetector, TextEngine
from pipeline.storage.cache import CachedSpeech, CachedText, CachedTranslation
from pipeline.types import Narration

BACKINGS = ("draft", "embedded", "fake")
_WRITTEN_IN = "en"


@dataclass(frozen=True)
class Backing:
    """One profile's engines without the pipeline's cache: a service computes each response anew."""

    app: App

    @classmethod
    def of(cls, profile: str, models: Path | None = None) -> Backing:
        return cls(build_app(Settings(profile=profile, models=models), MemoryStore()))

    @property
    def name(self) -> str:
        return self.app.profile

    @property
    def text(self) -> TextEngine:
        engine: TextEngine = _uncached(self.app.text)
        return engine

    @property
    def detector(self) -> LanguageDetector:
        return self.app.language

    def translate(self, lines: tuple[str, ...], source: str, target: str) -> tuple[str, ...]:
        """source, target: languages. A pair without an engine is labelled instead: "[fr] Good night."."""
        chain = self.app.chains.get(target if source == _WRITTEN_IN else source)
        if chain and chain.translation:
            try:
                translated: tuple[str, ...] = _uncached(chain.translation).translate(lines, source, target)
                return translated
            except EngineError as error:
                if error.problem != "unknown-pair":
                    raise
        return FakeTranslation().translate(lines, source, target)

    def speak(self, text: str, language: str, pace: float = 1.0) -> Narration:
        """Raises EngineError: no voice for the language, or no word to say."""
        chain = self.app.chains.get(language)
        if chain is None:
            raise EngineError(f"the local AWS has no voice for {language!r}", problem="unknown-voice")
        narration: Narration = _uncached(chain.speech).synthesize(text, replace(chain.voice, pace=pace))
        return narration


def _uncached(engine: Any) -> Any:
    return engine.engine if isinstance(engine, CachedText | CachedTranslation | CachedSpeech) else engine
