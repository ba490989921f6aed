"""How a fetch is shown to a person: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, Protocol

from pipeline.engines.embedded.models import amount


class FetchProgress(Protocol):
    """Follows a download. Both methods are called from the fetching thread."""

    def note(self, text: str) -> None:
        """One line for a person."""
        ...

    def advance(self, name: str, done: int, total: int) -> None:
        """`done` of `total` bytes of the download are here; done may also shrink. Equal: it is complete."""
        ...


class NoFetchProgress:
    """Ignores all progress."""

    def note(self, text: str) -> None: ...

    def advance(self, name: str, done: int, total: int) -> None: ...


class Bars:
    """One tqdm bar a model, in bytes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._bar: Any = None
        self._name = ""

    def note(self, text: str) -> None:
        from tqdm import tqdm

        tqdm.write(text, file=self._stream)

    def advance(self, name: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None or name != self._name:
            self._close()
            self._name = name
            self._bar = tqdm(
                total=total,
                initial=done,
                desc=name,
                unit="B",
                unit_scale=True,
                file=self._stream,
                dynamic_ncols=True,
            )
        self._bar.n = done
        self._bar.refresh()
        if done >= total:
            self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Lines:
    """A line at the start, at each quarter and at the end of a model. write: takes each, without its end."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._name = ""
        self._quarter = 0

    def note(self, text: str) -> None:
        self._write(text)

    def advance(self, name: str, done: int, total: int) -> None:
        quarter = 4 * done // total if total else 4
        if name != self._name or quarter > self._quarter:
            self.note(f"{name}: {amount(done)} of {amount(total)}")
            self._name, self._quarter = name, quarter


def progress_on(stream: IO[str]) -> Bars | Lines:
    def write(text: str) -> None:
        stream.write(f"{text}\n")
        stream.flush()

    return Bars(stream) if stream.isatty() else Lines(write)
