"""A fake App whose engines a test may count, script or break, and a Progress that records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pipeline.app import App
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import FakeSpeech, FakeText, FakeTranslation
from pipeline.ports import (
    Advance,
    NoProgress,
    OnText,
    SpeechEngine,
    Store,
    TextEngine,
    TranslationEngine,
    ignore,
)
from pipeline.storage.cache import CachedSpeech, CachedText, CachedTranslation
from pipeline.types import Completion, Early, Narration, Prompt


def fake_app(
    store: Store,
    text: TextEngine | None = None,
    translation: TranslationEngine | None = None,
    speech: SpeechEngine | None = None,
    **changed: Any,
) -> App:
    """The fake profile as bootstrap wires it, with other engines under the same caches."""
    app = build_app(Settings(profile="fake"), store)
    writer = CachedText(text or FakeText(), store)
    translator = CachedTranslation(translation or FakeTranslation(), store)
    speaker = CachedSpeech(speech or FakeSpeech(), store)
    chains = {
        locale: replace(
            chain,
            speech=speaker,
            translation=chain.translation and translator,
            voices=tuple(replace(choice, speech=speaker) for choice in chain.voices),
        )
        for locale, chain in app.chains.items()
    }
    return replace(app, text=writer, judge=replace(app.judge, engine=writer), chains=chains, **changed)


@dataclass
class Listener(NoProgress):
    """A Progress that records. steps: (name, units done). spoken: the sentences' numbers."""

    steps: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shown: list[Early] = field(default_factory=list)
    spoken: list[int] = field(default_factory=list)

    def show(self, early: Early) -> None:
        self.shown.append(early)

    def spoke(self, number: int, narration: Narration) -> None:
        self.spoken.append(number)

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        done: list[int] = []
        yield done.append
        self.steps.append((name, sum(done)))


@dataclass
class ScriptedText:
    """Writes the fake's story as each item of `script` changes it; answers the judge by `odds` (else yes)."""

    script: list[str] = field(default_factory=list)
    odds: dict[str, float] = field(default_factory=dict)
    prompts: list[Prompt] = field(default_factory=list)
    fingerprint: str = "scripted/1"
    parallel: int = 1

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        self.prompts.append(prompt)
        completion = FakeText().complete(prompt, on_text)
        if prompt.choices:
            question = prompt.name.removeprefix("judge-").split("@")[0]
            return replace(completion, text="yes", confidence=self.odds.get(question, 1.0))
        return _TURNS[self.script.pop(0) if self.script else "good"](completion)

    @property
    def stories(self) -> int:
        return sum(not prompt.choices for prompt in self.prompts)


# What no file may hold, by its name.
HOSTILE = {
    "an escape": "\x1b[2J",
    "NUL": "to\x00day",
    "C1": "\x9b31m",
    "an override": "\u202eback",
    "an isolate": "\u2066back",
    "a hidden blank": "to\u200bday",
    "half a pair": "\ud83d",
    "an address": "at www.example.com",
}


def _with(text: str, completion: Completion) -> Completion:
    return replace(completion, text=completion.text.replace("danced for joy", f"danced {text} for joy"))


_TURNS: dict[str, Callable[[Completion], Completion]] = {
    "good": lambda completion: completion,
    "cut": lambda completion: replace(completion, text=completion.text[:400], stop_reason="length"),
    "nonsense": lambda completion: replace(completion, text="No."),
    "empty": lambda completion: replace(completion, text=""),
    **{f"with {name}": partial(_with, text) for name, text in HOSTILE.items()},
    "dark": lambda completion: replace(
        completion, text=completion.text.replace("danced for joy", "was dead")
    ),
}
