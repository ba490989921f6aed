"""Fake engines that a test holds back, breaks, or makes slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation
from pipeline.ports import OnText, ignore
from pipeline.types import Completion, Narration, Prompt, Voice

_PATIENCE = 30.0


@dataclass
class Gate:
    """Each call waits until it is let through; `waiting` says that one stands before it."""

    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    waiting: threading.Event = field(default_factory=threading.Event)

    def let(self, calls: int = 1) -> None:
        self._free.release(calls)

    def open(self) -> None:
        self.let(100_000)

    def passed(self) -> None:
        self.waiting.set()
        assert self._free.acquire(timeout=_PATIENCE)


@dataclass
class HeldText(FakeText):
    gate: Gate = field(default_factory=Gate)

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.gate.passed()
        return super().complete(prompt, on_text)


@dataclass
class HeldTranslation(FakeTranslation):
    gate: Gate = field(default_factory=Gate)

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        self.gate.passed()
        return super().translate(texts, source, target, on_text)


@dataclass
class HeldSpeech(FakeSpeech):
    gate: Gate = field(default_factory=Gate)

    def synthesize(self, text: str, voice: Voice) -> Narration:
        self.gate.passed()
        return super().synthesize(text, voice)


@dataclass
class BrokenText(FakeText):
    """Raises what `error` makes for each story, as long as it makes something."""

    error: Callable[[], BaseException | None] = lambda: None

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        if error := self.error():
            raise error
        return super().complete(prompt, on_text)


@dataclass
class SlowText(FakeText):
    """Word by word, a story in `seconds`: a large model that streams."""

    seconds: float = 1.0

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        words: list[str] = []
        made = super().complete(prompt, words.append)
        for word in words:
            time.sleep(0 if prompt.choices else self.seconds / len(words))
            on_text(word)
        return made
