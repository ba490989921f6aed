"""A text engine's output as it grows: pieces, then the completion; cut at the first stop sequence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from pipeline.ports import TextEngine
from pipeline.types import Completion, Prompt


class _StopError(Exception):
    """Ends the engine's work: a stop sequence was written, or the reader went away."""


def pieces(engine: TextEngine, prompt: Prompt, stops: tuple[str, ...]) -> Iterator[str | Completion]:
    """Raises the engine's errors. stop_reason "stop": the text ends with one of `stops`."""
    queue: SimpleQueue[str | None] = SimpleQueue()
    closed = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(_write, engine, prompt, stops, queue, closed)
        writing.add_done_callback(lambda _: queue.put(None))
        try:
            yield from iter(queue.get, None)
            yield writing.result()
        finally:
            closed.set()


def _write(
    engine: TextEngine,
    prompt: Prompt,
    stops: tuple[str, ...],
    queue: SimpleQueue[str | None],
    closed: threading.Event,
) -> Completion:
    texts: list[str] = []
    cut = ""

    def on_text(piece: str) -> None:
        nonlocal cut
        if closed.is_set():
            raise _StopError
        before = "".join(texts)
        texts.append(piece)
        whole = before + piece
        if ends := [start + len(stop) for stop in stops if (start := whole.find(stop)) >= 0]:
            cut = whole[: min(ends)]
            queue.put(cut[len(before) :])
            raise _StopError
        queue.put(piece)

    try:
        return engine.complete(prompt, on_text)
    except _StopError:
        if not cut:
            raise
        return Completion(cut, len(prompt.user.split()), len(texts), "stop")
