"""The project's folder, whose settings file and built page are trusted wherever a command starts."""

from __future__ import annotations

from pathlib import Path


def folder() -> Path | None:
    """The checkout that this package is imported from, also where it was installed from there to be edited
    (pip install -e, `make setup`); None for an installed wheel, which has none.
    """
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "pyproject.toml").is_file() else None
