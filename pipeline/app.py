"""What the steps work with: a frozen bundle of engines and store, without wiring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.ports import AudioEncoder, LanguageDetector, SpeechEngine, Store, TextEngine, TranslationEngine
from pipeline.storage.locks import Locks
from pipeline.story.judge import Judge
from pipeline.story.prompt import StoryPrompt
from pipeline.story.word_filter import WordFilter
from pipeline.types import Voice


@dataclass(frozen=True, slots=True)
class Chain:
    """How a locale is made. translation: None for the language that stories are written in.

    quality: a measured word for people; labels: what a listener must be told ("draft translation").
    """

    locale: str
    voice: Voice
    speech: SpeechEngine
    translation: TranslationEngine | None
    quality: str
    labels: tuple[str, ...] = ()
    experimental: bool = False


@dataclass(frozen=True, slots=True)
class App:
    """strict: whether a failed check refuses a text (profiles for quick looks only report it).

    foreign: who translates an idea in a language in which no story is told, where there is somebody.
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
