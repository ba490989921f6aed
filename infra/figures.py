"""Writes pipeline/data/pictures/drawings.json: the emoji that figures.toml names, out of their npm package.

python infra/figures.py [fluent-emoji-flat-1.2.6.tgz]; standard library only. Without a file, npm fetches it.
The package's hash is checked. Run it again after a new row of figures.toml; a test compares both.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "pipeline" / "data" / "pictures"
NPM = ROOT / ".venv" / "bin" / "npm"
PACKAGE, VERSION = "@iconify-json/fluent-emoji-flat", "1.2.6"
INTEGRITY = "sha512-RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw=="
# Of roles in figures.toml; its other sections say more of the same figures.
_ROLES = ("animals", "swimmers", "flyers", "people", "buildings", "boats", "aloft", "plants", "things")


def names(figures: dict[str, Any], shapes: dict[str, str]) -> list[str]:
    """The emoji that are needed: those of the rows, and those that are recoloured; not our own shapes."""
    recoloured = figures["recoloured"]
    rows = {name for role in _ROLES for name in figures[role]}
    of = {change["of"] for change in recoloured.values()}
    return sorted((rows - recoloured.keys() - shapes.keys()) | of)


def drawings(archive: Path, wanted: list[str]) -> dict[str, str]:
    """name -> SVG. Raises ValueError: another file than the pinned one; KeyError: no such emoji."""
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise ValueError(f"{archive} is not {PACKAGE} {VERSION}")
    with tarfile.open(archive) as tar:
        member = tar.extractfile("package/icons.json")
        assert member is not None
        icons = json.load(member)["icons"]
    return {name: icons[name]["body"] for name in wanted}


def written(bodies: dict[str, str]) -> str:
    """A figure a line, so that a change shows as such."""
    source = {"package": PACKAGE, "version": VERSION, "integrity": INTEGRITY, "licence": "MIT"}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(body)}" for name, body in bodies.items())
    return f'{{"source": {json.dumps(source)},\n"drawings": {{\n{lines}\n}}}}\n'


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("archive", type=Path, nargs="?", help="the package, as npm pack fetches it")
    archive = parser.parse_args(arguments).archive
    figures = tomllib.loads((DATA / "figures.toml").read_text("utf-8"))
    shapes = tomllib.loads((DATA / "shapes.toml").read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        if archive is None:
            command = [str(NPM), "pack", "--silent", "--pack-destination", folder, f"{PACKAGE}@{VERSION}"]
            done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
            archive = Path(folder) / done.stdout.split()[-1]
        bodies = drawings(archive, names(figures, shapes))
    text = written(bodies)
    (DATA / "drawings.json").write_text(text, "utf-8")
    print(f"{len(bodies)} drawings, {len(text.encode())} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
