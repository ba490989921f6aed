"""What a person may read and hear before a text is whole: each sentence that passes its own checks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from pipeline.app import App, Chain
from pipeline.ports import Advance, OnText, Progress, ignore
from pipeline.storage.keys import WRITTEN_IN
from pipeline.story import plain_text
from pipeline.story.locales import language
from pipeline.story.translation_checks import flaws
from pipeline.types import Early, Narration


@dataclass(slots=True)
class DraftSoFar:
    """Shows a draft as it is written, line by line, until one does not pass the word check.

    so_far: what may be read of the text that has come.
    """

    app: App
    progress: Progress
    advance: Advance
    so_far: Callable[[str], Early]
    _text: str = field(default="", init=False)
    _shown: Early | None = field(default=None, init=False)
    _refused: bool = field(default=False, init=False)

    def add(self, piece: str) -> None:
        """An OnText: a token, or all of a cached answer."""
        self.advance(1)
        self._text += piece
        if "\n" in piece and not self._refused:
            self._show(self.so_far(self._text))

    def _show(self, early: Early) -> None:
        texts = (early.hero, early.title, *early.sentences)
        if not is_clean(self.app, texts, WRITTEN_IN):
            self._refused = True
        elif early != self._shown and any(texts):
            self._shown = early
            self.progress.show(early)


@dataclass(slots=True)
class TranslationSoFar:
    """Shows a translation as it comes, and has each sentence said, until one does not pass its own checks.

    texts: what is translated, the title first.
    """

    app: App
    locale: str
    texts: tuple[str, ...]
    progress: Progress
    advance: Advance
    say: OnText = ignore
    _passed: list[str] = field(default_factory=list, init=False)
    _refused: bool = field(default=False, init=False)

    def add(self, text: str) -> None:
        """An OnText: the next translation."""
        self.advance(1)
        source = self.texts[len(self._passed)]
        self._refused = (
            self._refused
            or bool(flaws(source, text, self.locale, self.app.language))
            or not is_clean(self.app, (text,), self.locale)
        )
        if self._refused:
            return
        self._passed.append(text)
        title, *sentences = self._passed
        self.progress.show(Early(self.locale, "", title, tuple(sentences)))
        if sentences:
            self.say(text)


def is_clean(app: App, texts: tuple[str, ...], locale: str) -> bool:
    """Whether they may be shown: gentle words, and nothing that no text may hold."""
    joined = " ".join(texts)
    return plain_text.check(texts).passed and not app.word_filter.story(joined, language(locale))


class SpeakingAhead:
    """Speaks sentences while the next ones are translated, or the next scene is written.

    spoken: (sentence, narration), in order. A thread of its own, begun by the first sentence. What the
    voice raises there is raised when the block ends.
    """

    def __init__(self, chain: Chain, progress: Progress) -> None:
        self.spoken: list[tuple[str, Narration]] = []
        self._chain = chain
        self._progress = progress
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._error: Exception | None = None

    def say(self, sentence: str) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()
        self._queue.put(sentence)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for the sentence under way, but not after an error, as Ctrl-C; no other is begun."""
        self._stopped.set()
        self._queue.put(None)
        if self._thread and error is None:
            self._thread.join()
            if self._error:
                raise self._error

    def _work(self) -> None:
        try:
            while (sentence := self._queue.get()) is not None and not self._stopped.is_set():
                narration = self._chain.speech.synthesize(sentence, self._chain.voice)
                self._progress.spoke(len(self.spoken), narration)
                self.spoken.append((sentence, narration))
        except Exception as error:  # noqa: BLE001 - raised again in the thread that translates
            self._error = error
