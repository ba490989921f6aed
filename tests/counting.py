"""Engines that count their calls: between a cache and a fake they show what is paid for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.ports import OnText, SpeechEngine, TextEngine, TranslationEngine, ignore
from pipeline.types import Completion, Narration, Prompt, Voice


@dataclass
class Calls:
    """arguments: of each call, in order. fail: raised by the next call, once. together: calls wait for it."""

    arguments: list[Any] = field(default_factory=list)
    fail: BaseException | None = None
    together: threading.Barrier | None = None

    def note(self, what: Any) -> None:
        self.arguments.append(what)
        if self.together:
            self.together.wait(timeout=30)
        if self.fail:
            error, self.fail = self.fail, None
            raise error

    def __len__(self) -> int:
        return len(self.arguments)


@dataclass
class CountingText:
    inner: TextEngine
    calls: Calls = field(default_factory=Calls)
    version: str = ""

    @property
    def fingerprint(self) -> str:
        return self.inner.fingerprint + self.version

    @property
    def parallel(self) -> int:
        return self.inner.parallel

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.calls.note(prompt)
        return self.inner.complete(prompt, on_text)

    @property
    def stories(self) -> int:
        """How many completions were stories (and not the judge's answers)."""
        return sum(prompt.name.startswith("story@") for prompt in self.calls.arguments)


@dataclass
class CountingTranslation:
    inner: TranslationEngine
    calls: Calls = field(default_factory=Calls)

    @property
    def fingerprint(self) -> str:
        return self.inner.fingerprint

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        self.calls.note((*texts, source, target))
        return self.inner.translate(texts, source, target, on_text)


@dataclass
class CountingSpeech:
    inner: SpeechEngine
    calls: Calls = field(default_factory=Calls)
    parallel: int = 1
    media_type: str = "audio/wav"

    @property
    def fingerprint(self) -> str:
        return self.inner.fingerprint

    def voices(self) -> tuple[Voice, ...]:
        return self.inner.voices()

    def synthesize(self, text: str, voice: Voice) -> Narration:
        self.calls.note(text)
        return self.inner.synthesize(text, voice)
