"""The Protocols: what an engine, a store and a watcher of a run must be able to do.

An engine's constructor does no I/O: models and clients load on first use. `fingerprint` is
provider/model/adapter-version, everything that changes the output and nothing else: it is part of
the key under which a call is cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from pipeline.types import Completion, Narration, Prompt, Recording, Voice

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
    """Writes. Thread-safe: `parallel` calls at once are what it serves best."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def parallel(self) -> int: ...

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        """`on_text` hears each piece of text as it comes. Raises EngineError."""
        ...


class TranslationEngine(Protocol):
    """Translates. As many texts out as in, in order."""

    @property
    def fingerprint(self) -> str: ...

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        """source, target: BCP-47 tags. `on_text` hears each translation, in order, as it comes.

        Raises EngineError.
        """
        ...


class SpeechEngine(Protocol):
    """Speaks a segment a call. Thread-safe: `parallel` calls at once are what it serves best."""

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

    def join(self, narrations: Sequence[Narration]) -> Recording: ...


class LanguageDetector(Protocol):
    """Says which of our languages a text is in."""

    def confidence(self, text: str, language: str) -> float:
        """How sure it is, 0 to 1, that `text` is in `language` (a primary subtag)."""
        ...

    def detect(self, text: str) -> str | None:
        """The primary subtag it is most sure of; None where it cannot tell."""
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

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Keys that start with `prefix`, sorted; only those that come after `after`, where it is said."""
        ...

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        """Where a reader finds it. expires_in: seconds, where the store signs; None is the store's own.

        filename: offered as a download under this name, where the store can say so.
        """
        ...


Advance = Callable[[int], None]


class Progress(Protocol):
    """Whoever follows a run: a terminal's bars, a page's states, nobody."""

    def step(self, name: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A step begins; the callable says how many units are newly done. total 0: not known."""
        ...

    def note(self, text: str) -> None:
        """Something a person would want to know: why a draft was refused."""
        ...


class NoProgress:
    """Nobody follows."""

    def step(self, name: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        return nullcontext(lambda _: None)

    def note(self, text: str) -> None: ...
