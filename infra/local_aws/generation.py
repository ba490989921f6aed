"""A text engine's answer as it grows: pieces, then the completion; cut where a stop sequence appears."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from pipeline.ports import TextEngine
from pipeline.types import Completion, Prompt


class _StopError(Exception):
    """A stop sequence was written, or nobody listens any more."""


def pieces(engine: TextEngine, prompt: Prompt, stops: tuple[str, ...]) -> Iterator[str | Completion]:
    """Raises what the engine raises. stop_reason "stop": the text ends with one of `stops`."""
    heard: SimpleQueue[str | None] = SimpleQueue()
    left = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(_written, engine, prompt, stops, heard, left)
        writing.add_done_callback(lambda _: heard.put(None))
        try:
            yield from iter(heard.get, None)
            yield writing.result()
        finally:
            left.set()


def _written(
    engine: TextEngine,
    prompt: Prompt,
    stops: tuple[str, ...],
    heard: SimpleQueue[str | None],
    left: threading.Event,
) -> Completion:
    text: list[str] = []
    cut = ""

    def hear(piece: str) -> None:
        nonlocal cut
        if left.is_set():
            raise _StopError
        before = "".join(text)
        text.append(piece)
        if ends := [at + len(stop) for stop in stops if (at := (before + piece).find(stop)) >= 0]:
            cut = (before + piece)[: min(ends)]
            heard.put(cut[len(before) :])
            raise _StopError
        heard.put(piece)

    try:
        done = engine.complete(prompt, hear)
    except _StopError:
        if not cut:
            raise
        return Completion(cut, len(prompt.user.split()), len(text), "stop")
    return done
