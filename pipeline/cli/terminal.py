"""Output for a person at a terminal: progress bars, a line for each finished step, stories, tables."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pipeline.batch.tables import table as table
from pipeline.cli.streams import guarded
from pipeline.errors import DamagedError
from pipeline.ports import Advance, NoProgress, Store
from pipeline.storage import editions
from pipeline.story.plain_text import visible
from pipeline.types import Manifest

_WIDTH = 100
_RED = "\x1b[31m{}\x1b[0m"
# A code is read light on dark: white on black, whatever the terminal's own colours are.
_BLOCKS = "\x1b[97;40m{}\x1b[0m"


def tell(text: str) -> None:
    """Prints a message for the person, on stderr."""
    _print(text, sys.stderr)


def say(text: str) -> None:
    """Prints a command's result, on stdout."""
    _print(text, sys.stdout)


def say_red(text: str) -> None:
    """Prints a result on stdout, in red on a terminal; without colour where NO_COLOR is set."""
    is_red = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    _print(text, sys.stdout, _RED if is_red else "{}")


def show_blocks(draw: Callable[[], str]) -> None:
    """Prints a drawing of half blocks on stderr; nothing where that is no terminal or cannot show it."""
    stream = sys.stderr
    if not stream.isatty() or os.environ.get("TERM", "dumb") == "dumb" or os.environ.get("NO_COLOR"):
        return
    try:
        "▀▄█".encode(stream.encoding)
        columns, rows = os.get_terminal_size(stream.fileno())
    except (UnicodeEncodeError, OSError):
        return
    drawing = draw().splitlines()
    # A line that wraps is no code.
    if max(map(len, drawing)) <= columns and len(drawing) < rows:
        for line in drawing:
            _print(line, stream, _BLOCKS)


def say_json(data: bytes) -> None:
    """Prints a line of JSON on stdout, in UTF-8, whatever the terminal's encoding."""
    with guarded(sys.stdout):
        sys.stdout.buffer.write(visible(data.decode()).encode() + b"\n")
        sys.stdout.buffer.flush()


def _print(text: str, stream: TextIO, form: str = "{}") -> None:
    with guarded(stream):
        print(form.format(visible(text)), file=stream, flush=True)


def name_damage(error: DamagedError) -> None:
    """An integrity.OnDamage."""
    tell(f"stories: {error}")


class TerminalProgress(NoProgress):
    """On stderr: bars on a terminal, elsewhere a line for each step.

    seconds: by step, summed over attempts and locales.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def note(self, text: str) -> None:
        tell(f"  {text}")

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        from tqdm import tqdm

        started = time.perf_counter()
        with tqdm(total=total or None, unit=f" {unit}", desc=f"  {name:9}", leave=False, disable=None) as bar:
            done = 0

            def advance(more: int) -> None:
                nonlocal done
                done += more
                bar.update(more)

            yield advance
        took = time.perf_counter() - started
        self.seconds[name] = self.seconds.get(name, 0.0) + took
        rate = f" ({done / took:.1f} {unit}s/s)" if done > 1 and took > 0.05 else ""
        tell(f"  {name:9} {done} {unit}{'' if done == 1 else 's'} in {took:.1f} s{rate}")


def story(manifest: Manifest, location: str) -> str:
    """The story as text, with its labels and the location of its mp3."""
    paragraphs = textwrap.fill(" ".join(segment.text for segment in manifest.segments), _WIDTH)
    heading = f"{manifest.title}  [{editions.of(manifest)}]"
    labels = f"Made by AI ({'; '.join(manifest.labels)})." if manifest.labels else "Made by AI."
    seconds = f"{manifest.duration_ms / 1000:.0f} s"
    return f"\n{heading}\n{'-' * len(heading)}\n{paragraphs}\n\n{labels}\n{location}  ({seconds})\n"


def location(store: Store, key: str) -> str:
    """A path where the store is on this machine, else a URL."""
    url = urlsplit(store.url(key))
    return url2pathname(url.path) if url.scheme == "file" else url.geturl()
