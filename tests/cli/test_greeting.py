"""What `stories serve` says about the way to it: an address for a tablet, and its code in a terminal."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from pipeline.cli.greeting import greet
from pipeline.config.settings import Settings
from pipeline.server import reach
from pipeline.server.reach import Reach

BASE = "http://127.0.0.1:8000"
Terminal = Callable[[str, int], str]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The greeting in a terminal of an encoding and a width."""

    def show(encoding: str, columns: int) -> str:
        with terminal(encoding, columns) as (stream, read):
            monkeypatch.setattr(sys, "stderr", stream)
            greet(Settings(profile="fake"), BASE, Reach("192.168.1.23", 8000), has_page=True)
            return read()

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return show


@contextmanager
def terminal(encoding: str, columns: int) -> Iterator[tuple[io.TextIOWrapper, Callable[[], str]]]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with (
        os.fdopen(slave, "wb", buffering=0) as raw,
        io.TextIOWrapper(raw, encoding, write_through=True) as stream,
    ):
        yield stream, lambda: _waiting(master).decode(encoding)
    os.close(master)


def _waiting(master: int) -> bytes:
    """All that was written so far."""
    os.set_blocking(master, False)
    parts = []
    with suppress(BlockingIOError):
        while part := os.read(master, 4096):
            parts.append(part)
    return b"".join(parts)


def lines_of(capsys: pytest.CaptureFixture[str], server: Reach) -> list[str]:
    greet(Settings(profile="fake"), BASE, server, has_page=True)
    return capsys.readouterr().err.splitlines()


def test_a_terminal_shows_the_address_and_its_code(shown: Terminal) -> None:
    text = shown("utf-8", 80)
    assert "On a tablet or phone in your network: http://192.168.1.23:8000/\r\n" in text
    drawing = [line for line in text.split("\r\n") if "█" in line]
    assert len(drawing) > 10
    # White on black, and back again: readable on a terminal of any colours.
    assert all(line.startswith("\x1b[97;40m") and line.endswith("\x1b[0m") for line in drawing)
    assert text.rstrip().splitlines()[-1].startswith("More: ")


@pytest.mark.parametrize(("encoding", "columns"), [("latin-1", 80), ("utf-8", 20)], ids=["signs", "narrow"])
def test_a_terminal_that_cannot_show_it_has_the_address_alone(
    shown: Terminal, encoding: str, columns: int
) -> None:
    text = shown(encoding, columns)
    assert "http://192.168.1.23:8000/" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_no_code_where_the_environment_wants_none(
    shown: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert "\x1b" not in shown("utf-8", 80)


def test_a_file_has_the_address_alone(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, Reach("192.168.1.23", 8000))
    assert "On a tablet or phone in your network: http://192.168.1.23:8000/" in lines
    assert not [line for line in lines if "█" in line]


def test_every_address_is_named_the_best_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = (reach._ip("192.168.1.23"), reach._ip("10.0.0.5"), reach._ip("10.8.0.2"))
    monkeypatch.setattr(reach, "network_addresses", lambda _: addresses)
    lines = lines_of(capsys, Reach("0.0.0.0", 8000))
    best = lines.index("On a tablet or phone in your network: http://192.168.1.23:8000/")
    others = "  or, where that does not open: http://10.0.0.5:8000/, http://10.8.0.2:8000/"
    assert lines[best + 1] == others


def test_without_a_network_it_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "network_addresses", lambda _: ())
    assert any("in no network now" in line for line in lines_of(capsys, Reach("0.0.0.0", 8000)))


def test_a_server_of_this_machine_only_speaks_of_no_tablet(capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(capsys, Reach("127.0.0.1", 8000))
    assert not [line for line in lines if "tablet" in line or "network" in line]
