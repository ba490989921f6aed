"""Fake engines whose calls a test holds back, or breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation
from pipeline.ports import OnText, ignore
from pipeline.types import Completion, Narration, Prompt, Voice

_PATIENCE = 30.0


@dataclass
class Gate:
    """Holds each call until a test lets it pass. waiting: set once a call has arrived."""

    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    waiting: threading.Event = field(default_factory=threading.Event)

    def let(self, calls: int = 1) -> None:
        self._free.release(calls)

    def open(self) -> None:
        self.let(100_000)

    def reached(self) -> None:
        """Returns once a call has arrived."""
        assert self.waiting.wait(_PATIENCE)

    def hold(self) -> None:
        self.waiting.set()
        assert self._free.acquire(timeout=_PATIENCE)


@dataclass
class HeldText(FakeText):
    gate: Gate = field(default_factory=Gate)

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.gate.hold()
        return super().complete(prompt, on_text)


@dataclass
class HeldTranslation(FakeTranslation):
    gate: Gate = field(default_factory=Gate)

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        self.gate.hold()
        return super().translate(texts, source, target, on_text)


@dataclass
class HeldSpeech(FakeSpeech):
    gate: Gate = field(default_factory=Gate)

    def synthesize(self, text: str, voice: Voice) -> Narration:
        self.gate.hold()
        return super().synthesize(text, voice)


@dataclass
class BrokenText(FakeText):
    """Raises what `error` makes for each story, as long as it makes something."""

    error: Callable[[], BaseException | None] = lambda: None

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        if error := self.error():
            raise error
        return super().complete(prompt, on_text)
