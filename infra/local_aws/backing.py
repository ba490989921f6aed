"""What the local AWS answers with: the engines of one of the pipeline's local profiles.

draft: SmolLM2, Bergamot for Portuguese (labelled fakes else), espeak. embedded: Qwen, its translations,
Kokoro. fake: nothing to load, the same every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.app import App
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import FakeTranslation, MemoryStore
from pipeline.errors import EngineError
from pipeline.ports import LanguageDetector, TextEngine, TranslationEngine
from pipeline.storage.cache import CachedSpeech, CachedText, CachedTranslation
from pipeline.types import Narration

BACKINGS = ("draft", "embedded", "fake")
_WRITTEN_IN = "en"


@dataclass(frozen=True)
class Backing:
    """One profile's engines, without the pipeline's own memory: a service computes each answer anew."""

    app: App

    @classmethod
    def of(cls, profile: str, models: Path | None = None) -> Backing:
        return cls(build_app(Settings(profile=profile, models=models), MemoryStore()))

    @property
    def name(self) -> str:
        return self.app.profile

    @property
    def text(self) -> TextEngine:
        engine: TextEngine = _bare(self.app.text)
        return engine

    @property
    def detector(self) -> LanguageDetector:
        return self.app.language

    def translate(self, lines: tuple[str, ...], source: str, target: str) -> tuple[str, ...]:
        """source, target: languages. A pair that no engine has comes out marked: "[fr] Good night."."""
        other = target if source == _WRITTEN_IN else source
        chain = self.app.chains.get(other)
        engines = (_bare(chain.translation) if chain else None, FakeTranslation())
        return self._first(tuple(filter(None, engines)), lines, source, target)

    def speak(self, text: str, language: str) -> Narration:
        """Raises EngineError: no voice for the language, or no word to say."""
        chain = self.app.chains.get(language)
        if chain is None:
            raise EngineError(f"the local AWS has no voice for {language!r}", problem="unknown-voice")
        narration: Narration = _bare(chain.speech).synthesize(text, chain.voice)
        return narration

    def _first(
        self, engines: tuple[TranslationEngine, ...], lines: tuple[str, ...], source: str, target: str
    ) -> tuple[str, ...]:
        first, *others = engines
        try:
            return first.translate(lines, source, target)
        except EngineError as error:
            if error.problem != "unknown-pair" or not others:
                raise
        return self._first(tuple(others), lines, source, target)


def _bare(engine: Any) -> Any:
    return engine.engine if isinstance(engine, _REMEMBERING) else engine


_REMEMBERING = (CachedText, CachedTranslation, CachedSpeech)
