"""What a person at a terminal sees: bars while a step runs, a line when it is done, the story at the end."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.batch.tables import table as table
from pipeline.ports import Advance
from pipeline.types import Manifest

# Arabic is written from right to left: a terminal that cannot turn it still gets the letters in order.
_WIDTH = 100


def tell(text: str) -> None:
    """A line for the person, on stderr."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the one place that talks to stderr


def say(text: str) -> None:
    """A command's result, on stdout."""
    print(text, flush=True)  # noqa: T201 - and this the one that talks to stdout


class Terminal:
    """A ports.Progress on stderr. Bars on a terminal, one line a step anywhere else.

    seconds: what each step took, summed over attempts and locales.
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


def story(manifest: Manifest, where: str) -> str:
    """The story as text, with what a listener should know, and where its mp3 lies."""
    paragraphs = textwrap.fill(" ".join(segment.text for segment in manifest.segments), _WIDTH)
    heading = f"{manifest.title}  [{manifest.locale}]"
    labels = f"Made by AI ({'; '.join(manifest.labels)})." if manifest.labels else "Made by AI."
    seconds = f"{manifest.duration_ms / 1000:.0f} s"
    return f"\n{heading}\n{'-' * len(heading)}\n{paragraphs}\n\n{labels}\n{where}  ({seconds})\n"
