"""How a fetch tells a person what it does: a bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

from typing import IO, Any, Protocol

from pipeline.engines.embedded.verification import amount


class Progress(Protocol):
    """Hears of a fetch. Both are called from the fetching thread."""

    def note(self, text: str) -> None:
        """One line for a person."""
        ...

    def moved(self, name: str, done: int, total: int) -> None:
        """`done` of `total` bytes of the download are here; done may also go back. Equal: it is over."""
        ...


class Silent:
    """For a caller who does not follow."""

    def note(self, text: str) -> None: ...

    def moved(self, name: str, done: int, total: int) -> None: ...


class Bars:
    """One tqdm bar a model, in bytes. `close` after an error, so that the cursor leaves the bar."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._bar: Any = None
        self._name = ""

    def note(self, text: str) -> None:
        from tqdm import tqdm

        tqdm.write(text, file=self._stream)

    def moved(self, name: str, done: int, total: int) -> None:
        if self._bar is None or name != self._name:
            self._open(name, done, total)
        self._bar.n = done
        self._bar.refresh()
        if done >= total:
            self.close()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _open(self, name: str, done: int, total: int) -> None:
        from tqdm import tqdm

        self.close()
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


class Lines:
    """A line at the start, at each quarter and at the end of a model."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._name = ""
        self._quarter = 0

    def note(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def moved(self, name: str, done: int, total: int) -> None:
        quarter = 4 * done // total if total else 4
        if name != self._name or quarter > self._quarter:
            self.note(f"{name}: {amount(done)} of {amount(total)}")
            self._name, self._quarter = name, quarter

    def close(self) -> None: ...


def progress_on(stream: IO[str]) -> Bars | Lines:
    return Bars(stream) if stream.isatty() else Lines(stream)
