"""The output streams of the process: closed before it began, full, or left by their reader."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from pipeline.errors import OutputError


def check() -> None:
    """Raises OutputError: one is closed, so that the next file that is opened would take its place."""
    for name, stream, sign in (("stdout", sys.stdout, ">"), ("stderr", sys.stderr, "2>")):
        if stream is None:
            raise OutputError(f"{name} is closed: leave it open, or add {sign} /dev/null", stream=name)


@contextmanager
def guarded(stream: TextIO) -> Iterator[None]:
    """For a write to stdout or stderr. Raises OutputError: it failed.

    Where only the reader has left, as in `stories list | head`, the command goes on unseen.
    """
    try:
        yield
    except BrokenPipeError:
        _discard(stream)
    except OSError as error:
        _discard(stream)
        name = "stderr" if stream is sys.stderr else "stdout"
        raise OutputError(
            f"cannot write to {name} ({error.strerror}): what was made is kept; run the same command again, "
            "with its output somewhere else",
            stream=name,
        ) from error


def flush() -> None:
    """Raises OutputError: what was printed cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        with guarded(stream):
            stream.flush()


def report(error: OutputError) -> int:
    """Says it on the stream that is left; the exit status."""
    other = sys.stdout if error.stream == "stderr" else sys.stderr
    if other is not None:
        with suppress(OSError):
            print(f"stories: {error} [{error.problem}]", file=other, flush=True)
    return error.exit_status


def _discard(stream: TextIO) -> None:
    """What is still in its buffer goes nowhere: else the interpreter would fail with it at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
