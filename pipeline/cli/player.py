"""Plays a sound by whatever player this machine has."""

from __future__ import annotations

import shutil
import subprocess

_PLAYERS = (
    ("afplay",),
    ("mpv", "--no-video"),
    ("ffplay", "-nodisp", "-autoexit"),
    ("mpg123", "-q"),
    ("cvlc", "--play-and-exit"),
    ("aplay", "-q"),
)
NAMES = ", ".join(name for name, *_ in _PLAYERS)
# Players of one format only.
_FORMATS = {"mpg123": ".mp3", "aplay": ".wav"}


def find(path: str) -> tuple[str, ...] | None:
    """The command of a player for the sound at `path`; None where there is none."""
    return next((player for player in _PLAYERS if _takes(player[0], path) and shutil.which(player[0])), None)


def play(player: tuple[str, ...], path: str, quiet: bool = False) -> None:
    """Returns when the sound is over. quiet: it neither prints nor takes keys."""
    stream = subprocess.DEVNULL if quiet else None
    command = [*player, path]  # a player of the table and a path of the store
    subprocess.run(command, check=False, stdin=stream, stdout=stream, stderr=stream)  # noqa: S603


def _takes(name: str, path: str) -> bool:
    return path.partition("?")[0].endswith(_FORMATS.get(name, ""))
