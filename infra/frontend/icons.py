"""Draws the page's icons as PNG from frontend/public/icon.svg: python -m infra.frontend.icons."""

from __future__ import annotations

from pathlib import Path

from pipeline.exports.picture.png import png

_PUBLIC = Path(__file__).parents[2] / "frontend" / "public"
FOLDER = _PUBLIC / "app"
_SIDE = 32
_ROUND = ' rx="7"'
# A mask leaves at least the circle of 80 % of the side (W3C, Web Application Manifest: safe zone).
_SAFE = 0.66


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, icon in icons().items():
        (FOLDER / name).write_bytes(icon)


def icons() -> dict[str, bytes]:
    """PNGs by file name."""
    svg = (_PUBLIC / "icon.svg").read_text("utf-8")
    drawings = {"icon-180": square(svg), "icon-192": svg, "icon-512": svg, "icon-maskable-512": maskable(svg)}
    sides = {name: int(name.rsplit("-", 1)[1]) for name in drawings}
    return {f"{name}.png": png(drawing, sides[name], sides[name]) for name, drawing in drawings.items()}


def square(svg: str) -> str:
    """The system rounds the corners."""
    return svg.replace(_ROUND, "")


def maskable(svg: str) -> str:
    """The figures in the middle of the ground, which fills all."""
    ground, figures = square(svg).split("/>", 1)
    margin = _SIDE * (1 - _SAFE) / 2
    inner = figures.strip().removesuffix("</svg>")
    return f'{ground}/><g transform="translate({margin:.2f} {margin:.2f}) scale({_SAFE})">{inner}</g></svg>'


if __name__ == "__main__":
    main()
