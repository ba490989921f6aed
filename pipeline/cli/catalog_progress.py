"""A run of a catalog as a person at a terminal follows it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.cli.terminal import tell
from pipeline.ports import Advance, NoProgress


class RunProgress(NoProgress):
    """On stderr: bars of the whole run and of the current step, a line a chunk."""

    def note(self, text: str) -> None:
        from tqdm import tqdm

        from pipeline.batch.tables import one_line

        with tqdm.external_write_mode(file=sys.stderr):
            tell(f"  {one_line(text)}")

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        from tqdm import tqdm

        with tqdm(total=total, unit=f" {unit}", desc=f"  {name:9}", leave=False, disable=None) as bar:
            yield lambda more: bar.update(more) and None
