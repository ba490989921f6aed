"""The Protocols: what an engine, a store and a follower of a run's progress must provide.

An engine's constructor does no I/O: models and clients load on first use. `fingerprint` is
provider/model/adapter-version, everything that changes the output and nothing else: it is part of
the key under which a call is cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, runtime_checkable

from pipeline.types import Check, Completion, Early, Narration, Prompt, Recording, Story, Voice

OnText = Callable[[str], None]


def ignore(_: str) -> None:
    """For a caller that does not follow an answer as it comes."""


def pass_on(texts: Iterable[str], on_text: OnText) -> tuple[str, ...]:
    """All of `texts`; each is given to `on_text` as it comes."""
    received = []
    for text in texts:
        on_text(text)
        received.append(text)
    return tuple(received)


class TextEngine(Protocol):
    """A language model. Thread-safe: it is fastest with `parallel` calls at once."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def parallel(self) -> int: ...

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        """The whole text; `on_text` is called with each piece as it comes. Raises EngineError."""
        ...


class TranslationEngine(Protocol):
    """A translator: as many texts out as in, in order."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def in_turns(self) -> bool:
        """Whether a text is translated with those before it in view, and each is kept by itself."""
        ...

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        """source, target: BCP-47 tags. `on_text` is called with each translation, in order, as it comes.

        Raises EngineError.
        """
        ...


class SpeechEngine(Protocol):
    """A voice: a segment a call. Thread-safe: it is fastest with `parallel` calls at once."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def parallel(self) -> int: ...

    @property
    def media_type(self) -> str:
        """Of every narration's audio: "audio/wav" or "audio/mpeg"."""
        ...

    def voices(self) -> tuple[Voice, ...]: ...

    def synthesize(self, text: str, voice: Voice) -> Narration:
        """Raises EngineError; RequestError for a voice that it does not have."""
        ...


class AudioEncoder(Protocol):
    """Joins the narrations of a story, in order, into one mp3."""

    @property
    def fingerprint(self) -> str: ...

    def prepare(self) -> None:
        """Loads what join needs, in whichever thread: called while an engine is waited for."""
        ...

    def join(self, narrations: Sequence[Narration]) -> Recording: ...


class Covers(Protocol):
    """The pictures of stories. story: the English text; idea: in English."""

    @property
    def version(self) -> int:
        """Raised when a story gets another picture than before."""
        ...

    def svg(self, story: Story, idea: str, night: bool = False) -> str:
        """night: for a dark room."""
        ...

    def png(self, story: Story, idea: str) -> bytes:
        """Square; empty where nothing here can draw one."""
        ...

    def text(self, story: Story, idea: str, edition: Story) -> str:
        """What the picture shows, in the language of the edition."""
        ...

    def title_text(self, title: str, locale: str) -> str:
        """The same where only the edition's title is known."""
        ...


class LanguageDetector(Protocol):
    """Detects the language of a text."""

    def confidence(self, text: str, language: str) -> float:
        """The probability, 0 to 1, that `text` is in `language` (a primary subtag)."""
        ...

    def detect(self, text: str) -> str | None:
        """The most likely primary subtag; None where that is not sure."""
        ...


class ForeignIdeas(Protocol):
    """Notices ideas in languages that no engine of a profile translates."""

    def is_foreign(self, idea: str) -> bool:
        """Whether `idea` is surely in another language; False where that is not sure."""
        ...


class IdeaMeanings(Protocol):
    """Estimates what an idea, and a story about it, mean: what no list of words sees."""

    def unsafe(self, idea: str) -> str:
        """The kind for which it is not for a child, as in data/unsafe_words.toml; "" where it may pass.

        idea: in any of our languages. Raises ConfigError.
        """
        ...

    def check(self, idea: str, story: str) -> Check:
        """Whether both together may be for a child. idea, story: in English. Raises ConfigError."""
        ...


class Store(Protocol):
    """Named bytes. Keys are relative POSIX paths."""

    def get(self, key: str) -> bytes:
        """Raises NotFoundError."""
        ...

    def head(self, key: str, size: int) -> bytes:
        """The first `size` bytes, or all where there are fewer. Raises NotFoundError."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Whole or not at all. Raises StoreError."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """True where this call wrote it; False where it was there already."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """All that was ever stored under these keys, in no particular order; an absent key is no error.

        Raises StoreError: some may be gone then, and the same call again removes the rest.
        """
        ...

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys that start with `prefix`, sorted; with `after`, only those that come after it."""
        ...

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        """The address for a reader. expires_in: seconds, where the store signs; None: the store's default.

        filename: the name of a download, where the store can set it.
        """
        ...


@runtime_checkable
class Remembering(Protocol):
    """A text engine that keeps something of its prompts on disk, to be faster."""

    def forgetful(self) -> TextEngine:
        """The same engine, loaded once for both, which keeps nothing of what it is sent."""
        ...


@runtime_checkable
class Kept(Protocol):
    """An engine whose answers are kept in a store."""

    def at(self, store: Store) -> Any:
        """The same engine, loaded once for both, whose answers are kept in another store."""
        ...


Advance = Callable[[int], None]


class Progress(Protocol):
    """Follows a run: bars on a terminal, states for a page, or nothing."""

    def step(self, name: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A step begins; the callable says how many units are newly done. total 0: not known."""
        ...

    def note(self, text: str) -> None:
        """A sentence for a person, such as why a draft was refused."""
        ...

    def show(self, early: Early) -> None:
        """What may be read so far; each replaces the one before."""
        ...

    def spoke(self, number: int, narration: Narration) -> None:
        """The sentence with this number, from 0, was spoken, and may be heard. In order; from any thread."""
        ...


class Changes(Protocol):
    """Receives each change of an edition's state, for those who follow it."""

    def changed(self, story_id: str, edition: str, state: str, done: int = 0, total: int = 0) -> None:
        """state, done, total: as in steps/status.py; "done" is reported once the manifest is committed.

        Never raises, and does not wait for who follows: no story fails for them.
        """
        ...


class NoChanges:
    """Nobody follows."""

    def changed(self, story_id: str, edition: str, state: str, done: int = 0, total: int = 0) -> None: ...


class NoProgress:
    """Ignores all progress. A base for those who follow a part of it."""

    def step(self, name: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        return nullcontext(lambda _: None)

    def note(self, text: str) -> None: ...

    def show(self, early: Early) -> None: ...

    def spoke(self, number: int, narration: Narration) -> None: ...
