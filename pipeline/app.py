"""What the steps work with: a frozen bundle of engines and store, without wiring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from pipeline.claims import Claims
from pipeline.engines import (
    AudioEncoder,
    LanguageDetector,
    SpeechEngine,
    Store,
    TextEngine,
    TranslationEngine,
)
from pipeline.judge import Judge
from pipeline.prompts import StoryPrompt
from pipeline.screen import Screen
from pipeline.types import Voice

Advance = Callable[[int], None]


class Watch(Protocol):
    """Whoever follows a run: a terminal's bars, a page's states, nobody."""

    def step(self, name: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A step begins; the callable says how many units are newly done. total 0: not known."""
        ...

    def note(self, text: str) -> None:
        """Something a person would want to know: why a draft was refused."""
        ...


class Unwatched:
    """Nobody follows."""

    def step(self, name: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        return nullcontext(lambda _: None)

    def note(self, text: str) -> None: ...


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
    screen: Screen
    language: LanguageDetector
    encoder: AudioEncoder
    store: Store
    chains: Mapping[str, Chain]
    claims: Claims
    strict: bool = True
    foreign: TranslationEngine | None = None
