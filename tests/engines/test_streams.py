from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines import streams
from pipeline.engines.streams import lines, within
from pipeline.errors import EngineError, ThrottledError, UnavailableError

Parts = Generator[bytes, None, None]
LIMIT_S = 60.0


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(places)]


def bounded(seconds: float, parts: Callable[[], Parts]) -> Parts:
    return within(seconds, parts, "sagemaker", "the endpoint")


@given(st.lists(st.text().filter(lambda text: not set(text) & set("\r\n"))), st.lists(st.integers(0)))
def test_lines_are_the_same_however_their_bytes_are_split(texts: list[str], cuts: list[int]) -> None:
    data = "".join(f"{text}\n" for text in texts).encode()
    assert list(lines(split(data, cuts), "e", "it")) == texts


def test_the_last_line_needs_no_end_and_crlf_is_an_end() -> None:
    assert list(lines([b"one\r\ntw", b"o\n\nthree"], "e", "it")) == ["one", "two", "", "three"]


def test_bytes_that_are_not_text_are_an_error() -> None:
    with pytest.raises(EngineError, match="not text"):
        list(lines([b"good\n", b"\xff\xfe\n"], "e", "it"))


def test_reading_an_endless_line_stops() -> None:
    parts = iter([b"x" * 1_000_000] * 20)
    with pytest.raises(EngineError, match="endless"):
        list(lines(parts, "e", "it"))
    assert len(list(parts)) >= 12


def test_parts_come_through_in_order_and_as_they_come() -> None:
    gate = threading.Event()

    def parts() -> Parts:
        yield b"first"
        assert gate.wait(LIMIT_S)
        yield b"second"

    with closing(bounded(LIMIT_S, parts)) as received:
        assert next(received) == b"first"
        gate.set()
        assert list(received) == [b"second"]


def test_a_slow_drip_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte a second of a clock that moves with each look at it."""
    clock = itertools.count()
    monkeypatch.setattr(streams, "time", SimpleNamespace(monotonic=lambda: next(clock)))

    def drip() -> Parts:
        while True:
            yield b"x"

    with pytest.raises(UnavailableError, match="did not finish its answer in 5 s"):
        list(bounded(5, drip))


def test_silence_ends_at_the_deadline() -> None:
    freed = threading.Event()

    def silent() -> Parts:
        freed.wait(LIMIT_S)
        yield b"late"

    with pytest.raises(UnavailableError):
        list(bounded(0.05, silent))
    freed.set()


def test_an_error_of_ours_follows_the_parts_before_it() -> None:
    def parts() -> Parts:
        yield b"half"
        raise ThrottledError("busy")

    received: list[bytes] = []
    with pytest.raises(ThrottledError, match="busy"):
        received.extend(bounded(LIMIT_S, parts))
    assert received == [b"half"]


def test_closing_stops_the_reading() -> None:
    closed, taken = threading.Event(), threading.Event()

    def parts() -> Parts:
        try:
            yield b"x"
            assert taken.wait(LIMIT_S)
            yield b"x"
            pytest.fail("it reads on")
        finally:
            closed.set()

    with closing(bounded(LIMIT_S, parts)) as received:
        next(received)
    taken.set()
    assert closed.wait(LIMIT_S)
