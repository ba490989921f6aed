"""Two warm processes side by side: our steps, and the bare libraries replaying what our steps asked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import OtherLoad
from bench.stories import IDEAS
from bench.workers import Worker

Options = dict[str, Any]


@dataclass
class Sides:
    """Each story gets a fresh store, and each tape is replayed once, so both sides' models stay alike."""

    ours: Worker
    bare: Worker
    folder: Path
    made: int = 0

    def pair(self, locales: Sequence[str]) -> tuple[Options, Options]:
        """A story that passed its checks, and its replay. Drafts that failed are replayed, not counted."""
        while self.made < 2 * len(IDEAS):
            ours = self._make(locales)
            bare = self.replay()
            if not ours["failed"]:
                return ours, bare
        raise RuntimeError(f"no idea of {len(IDEAS)} made a story: {ours['failed']}")

    def again(self, locales: Sequence[str]) -> Options:
        """The last story once more, in the same store."""
        self.made -= 1
        return self._make(locales)

    def replay(self) -> Options:
        with OtherLoad() as load:
            told = self.bare.ask(tape=str(self.folder / "tape.json"))
        return {**told, "other_cores": load.cores}

    def _make(self, locales: Sequence[str]) -> Options:
        variant, which = divmod(self.made, len(IDEAS))
        out = self.folder / f"store-{self.made}"
        self.made += 1
        with OtherLoad() as load:
            told = self.ours.ask(
                out=str(out),
                context=IDEAS[which],
                variant=variant,
                locales=list(locales),
                tape=str(self.folder / "tape.json"),
            )
        return {**told, "other_cores": load.cores, "idea": IDEAS[which]}


@contextmanager
def sides() -> Iterator[Sides]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stories-bench-")))
        ours = stack.enter_context(Worker("bench.maker"))
        bare = stack.enter_context(Worker("bench.bare"))
        yield Sides(ours, bare, folder)
