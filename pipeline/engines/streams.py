"""Answers that come in parts: bounded in time, and bytes joined into lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from pipeline.errors import EngineError, StoriesError, UnavailableError

_Part = TypeVar("_Part")
# InvokeEndpoint's own bound for a whole answer is 6 MB; a line longer than that is no answer of any server.
_LONGEST_LINE = 6_000_000


def within(
    seconds: float, parts: Callable[[], Generator[_Part, None, None]], engine: str, what: str
) -> Generator[_Part, None, None]:
    """The parts that `parts()` yields, for at most `seconds` in all. Close it to stop the reading.

    A read timeout bounds the silence between two bytes only, and a server that drips one byte a minute
    never trips it. So the reading is done in a thread of its own, which this one waits for no longer than
    the deadline; once stopped, that thread ends at its next part. Raises UnavailableError: too slow; and
    the StoriesError that `parts` raises.
    """
    deadline = time.monotonic() + seconds
    reading = _Reading(parts)
    threading.Thread(target=reading.run, daemon=True).start()
    try:
        while (part := reading.next(deadline - time.monotonic())) is not None:
            yield part
    except Empty:
        raise UnavailableError(
            f"{what} did not finish its answer in {seconds:g} s: run it again in a while", engine=engine
        ) from None
    finally:
        reading.stopped = True
    if reading.error is not None:
        raise reading.error


class _Reading(Generic[_Part]):
    """`next` returns None at the end; `error` is then what ended it early, if anything did."""

    def __init__(self, parts: Callable[[], Generator[_Part, None, None]]) -> None:
        self._parts = parts
        self._parts_read: SimpleQueue[_Part | None] = SimpleQueue()
        self.error: StoriesError | None = None
        self.stopped = False

    def run(self) -> None:
        try:
            with closing(self._parts()) as parts:
                for part in parts:
                    if self.stopped:
                        break
                    self._parts_read.put(part)
        except StoriesError as error:
            self.error = error
        finally:
            self._parts_read.put(None)

    def next(self, seconds: float) -> _Part | None:
        """Raises Empty: nothing came in so many seconds, or there are none left."""
        if seconds <= 0:
            raise Empty
        return self._parts_read.get(timeout=seconds)


def lines(parts: Iterable[bytes], engine: str, what: str) -> Iterator[str]:
    """Whole lines, without their ends, however the bytes were split. Raises EngineError: no text."""
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise EngineError(f"{what} answered with an endless line: check what runs there", engine=engine)
        for line in whole:
            yield _text(line, engine, what)
    if rest:
        yield _text(rest, engine, what)


def _text(line: bytes, engine: str, what: str) -> str:
    try:
        return line.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        raise EngineError(f"{what} answered with bytes that are not text", engine=engine) from error
