from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.aws.streams import lines, within
from pipeline.errors import EngineError, ThrottledError, UnavailableError

Parts = Generator[bytes, None, None]


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def bounded(seconds: float, parts: Callable[[], Parts]) -> Parts:
    return within(seconds, parts, "sagemaker", "the endpoint")


@given(st.lists(st.text().filter(lambda text: not set(text) & set("\r\n"))), st.lists(st.integers(0)))
def test_lines_are_the_same_however_their_bytes_are_split(texts: list[str], cuts: list[int]) -> None:
    data = "".join(f"{text}\n" for text in texts).encode()
    assert list(lines(split(data, cuts), "e", "it")) == texts


def test_a_last_line_needs_no_end_and_windows_ends_are_ends() -> None:
    assert list(lines([b"one\r\ntw", b"o\n\nthree"], "e", "it")) == ["one", "two", "", "three"]


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(EngineError, match="no text"):
        list(lines([b"good\n", b"\xff\xfe\n"], "e", "it"))


def test_an_endless_line_is_given_up() -> None:
    read = 0

    def endless() -> Parts:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1_000_000

    with pytest.raises(EngineError, match="endless"):
        list(lines(endless(), "e", "it"))
    assert read <= 8


def test_parts_come_through_in_order_and_as_they_come() -> None:
    gate = threading.Event()

    def parts() -> Parts:
        yield b"first"
        assert gate.wait(30)
        yield b"second"

    with closing(bounded(30, parts)) as heard:
        assert next(heard) == b"first"
        gate.set()
        assert list(heard) == [b"second"]


def test_a_slow_drip_is_given_up_in_time() -> None:
    def drip() -> Parts:
        for _ in range(600):
            time.sleep(0.05)
            yield b"x"

    began = time.monotonic()
    with pytest.raises(UnavailableError, match=r"did not finish its answer in 0.2 s"):
        list(bounded(0.2, drip))
    assert 0.2 <= time.monotonic() - began < 10


def test_a_flood_is_given_up_in_time() -> None:
    def flood() -> Parts:
        for _ in range(100_000):
            yield b"x"
            time.sleep(0.0003)

    began = time.monotonic()
    with pytest.raises(UnavailableError):
        list(bounded(0.2, flood))
    assert time.monotonic() - began < 10


def test_silence_is_given_up_in_time() -> None:
    freed = threading.Event()

    def silent() -> Parts:
        freed.wait(30)
        yield b"late"

    began = time.monotonic()
    with pytest.raises(UnavailableError):
        list(bounded(0.1, silent))
    assert time.monotonic() - began < 10
    freed.set()


def test_an_error_of_ours_comes_out_after_what_was_heard() -> None:
    def parts() -> Parts:
        yield b"half"
        raise ThrottledError("busy")

    heard: list[bytes] = []
    with pytest.raises(ThrottledError, match="busy"):
        heard.extend(bounded(5, parts))
    assert heard == [b"half"]


def test_to_close_it_is_to_stop_the_reading() -> None:
    closed = threading.Event()
    read = 0

    def parts() -> Parts:
        nonlocal read
        try:
            while True:
                read += 1
                yield b"x"
                time.sleep(0.01)
        finally:
            closed.set()

    with closing(bounded(5, parts)) as heard:
        next(heard)
    assert closed.wait(10)
    at_the_end = read
    time.sleep(0.05)
    assert read == at_the_end
