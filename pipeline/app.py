"""App: the engines, the store and the settings that the steps work with. bootstrap.py builds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.ports import AudioEncoder, LanguageDetector, SpeechEngine, Store, TextEngine, TranslationEngine
from pipeline.storage.locks import Locks
from pipeline.story.judge import Judge
from pipeline.story.prompt import StoryPrompt
from pipeline.story.word_filter import WordFilter
from pipeline.types import Voice


@dataclass(frozen=True, slots=True)
class Chain:
    """The engines of one locale. translation: None for the language that stories are written in.

    quality: a measured word for people; labels: what a listener must be told ("draft translation").
    labels_by_translator: the same for a text that was translated before by another engine than this chain's,
    under the first part of its fingerprint.
    """

    locale: str
    voice: Voice
    speech: SpeechEngine
    translation: TranslationEngine | None
    quality: str
    labels: tuple[str, ...] = ()
    experimental: bool = False
    labels_by_translator: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def labels_of(self, translator: str) -> tuple[str, ...]:
        """What a listener must be told of a text that the engine with this fingerprint translated."""
        return self.labels_by_translator.get(translator.partition("/")[0], self.labels)


@dataclass(frozen=True, slots=True)
class App:
    """strict: whether a failed check refuses a text (profiles for quick looks only report it).

    chains: by locale. foreign: translates an idea in a language that has no chain; None: it stays as it is.
    """

    profile: str
    text: TextEngine
    prompt: StoryPrompt
    judge: Judge
    word_filter: WordFilter
    language: LanguageDetector
    encoder: AudioEncoder
    store: Store
    chains: Mapping[str, Chain]
    locks: Locks
    strict: bool = True
    foreign: TranslationEngine | None = None
