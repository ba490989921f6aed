"""Writes drawings.json and colours.toml of pipeline/data/pictures, for the figures that figures.toml names.

python -m infra.figures [fluent-emoji-flat-1.2.6.tgz]. The drawings are out of an npm package, which npm
fetches where no file is given; its hash is checked. The colours are those of the drawings' pixels. Run it
again after a new row of figures.toml or shapes.toml; tests compare them.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import base64
import colorsys
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "pipeline" / "data" / "pictures"
NPM = ROOT / ".venv" / "bin" / "npm"
PACKAGE, VERSION = "@iconify-json/fluent-emoji-flat", "1.2.6"
INTEGRITY = "sha512-RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw=="
# Of roles in figures.toml; its other sections say more of the same figures.
_ROLES = ("animals", "swimmers", "flyers", "people", "buildings", "boats", "aloft", "plants", "things")
# Of 255; a share of pixels that counts, as a divisor; where each hue ends, in degrees.
_OPAQUE, _PART = 200, 5
_HUES = ((68, "yellow"), (170, "green"), (256, "blue"), (312, "purple"), (345, "pink"))


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


def colours() -> str:
    """The TOML: the colours of each figure, those of a fifth of its pixels and more, most first."""
    from PIL import Image

    from pipeline.exports.picture import tables
    from pipeline.exports.picture.png import png

    lines = ["# Made by `python -m infra.figures` from the drawings: change those, not this."]
    for name in sorted(tables.figures()):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">{tables.drawing(name)}</svg>'
        pixels = Image.open(io.BytesIO(png(svg, 32, 32))).convert("RGBA").tobytes()
        dots = [pixels[start : start + 4] for start in range(0, len(pixels), 4)]
        shares = Counter(_colour(*dot[:3]) for dot in dots if dot[3] > _OPAQUE)
        many = [colour for colour, count in shares.most_common() if count * _PART >= shares.total()]
        lines.append(f'{name} = "{" ".join(many)}"')
    return "\n".join(lines) + "\n"


def _colour(red: int, green: int, blue: int) -> str:
    """What a person calls it."""
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    degrees = hue * 360
    if value < 0.28 or (value < 0.45 and 220 < degrees < 330):
        return "black"
    if saturation < 0.13:
        return "white" if value > 0.86 else "grey"
    if saturation < 0.25 and value < 0.86:
        return "grey"
    if 14 <= degrees < 42:
        return "orange" if value >= 0.72 and saturation > 0.55 else "brown"
    if degrees < 14 or degrees >= 345:
        return "red" if saturation > 0.6 else "pink"
    return next(colour for end, colour in _HUES if degrees < end)


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
    (DATA / "colours.toml").write_text(colours(), "utf-8")
    print(f"{len(bodies)} drawings, {len(text.encode())} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
