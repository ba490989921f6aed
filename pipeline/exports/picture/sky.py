"""The sky of a cover: lights, clouds, weather, as SVG."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.exports.picture.colours import Colours
from pipeline.exports.picture.scene import Scene
from pipeline.storage.digest import number

_STARS, _DROPS, _FLAKES = 26, 46, 44
_BITS = 16


def sky(scene: Scene, colours: Colours, night: bool, seed: str) -> Iterator[str]:
    """seed: of the positions of stars and clouds."""
    top, horizon = colours.sky
    yield (
        f'<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{top}"/>'
        f'<stop offset="1" stop-color="{horizon}"/></linearGradient></defs>'
        '<rect width="1000" height="1000" fill="url(#sky)"/>'
    )
    is_dark = night or scene.time == "night"
    if is_dark:
        yield from _stars(seed)
        yield _moon()
    elif scene.weather not in {"rain", "snow"}:
        yield _sun(scene.time)
    if scene.weather == "rainbow" and not night:
        yield _rainbow()
    yield from _clouds(scene, is_dark, seed)


def weather(scene: Scene, seed: str) -> Iterator[str]:
    """What falls, in front of the figures."""
    if scene.weather == "rain":
        for n in range(_DROPS):
            x, y = _at(seed, "drop", n)
            yield (
                f'<path d="M{x} {y * 0.95:.0f}l-8 30" stroke="#6f9cc9" stroke-width="4" '
                'stroke-linecap="round" opacity=".55"/>'
            )
    if scene.weather == "snow" or scene.place == "snow":
        for n in range(_FLAKES):
            x, y = _at(seed, "flake", n)
            yield f'<circle cx="{x}" cy="{y * 0.95:.0f}" r="{4 + n % 4}" fill="#fff" opacity=".85"/>'


def _stars(seed: str) -> Iterator[str]:
    for n in range(_STARS):
        x, y = _at(seed, "star", n)
        yield f'<circle cx="{x}" cy="{y * 0.52:.0f}" r="{2 + n % 3}" fill="#fff6d6" opacity=".9"/>'


def _moon() -> str:
    return (
        '<circle cx="850" cy="255" r="105" fill="#fff3c4" opacity=".14"/>'
        '<path d="M880 177a82 82 0 1 0 38 132a70 70 0 0 1-38-132z" fill="#ffeaa3"/>'
    )


def _sun(time: str) -> str:
    y = {"day": 255, "morning": 430, "dusk": 470}.get(time, 255)
    return (
        f'<circle cx="835" cy="{y}" r="120" fill="#fff3c4" opacity=".45"/>'
        f'<circle cx="835" cy="{y}" r="76" fill="#ffdf80"/>'
    )


def _rainbow() -> str:
    bands = ("#f28b82", "#fbc58b", "#fdf0a4", "#a8dba8", "#9cc7ee", "#c3b1e1")
    arcs = (
        f'<circle cx="500" cy="690" r="{520 - 24 * n}" fill="none" stroke="{colour}" stroke-width="25"/>'
        for n, colour in enumerate(bands)
    )
    return f'<g opacity=".7">{"".join(arcs)}</g>'


def _clouds(scene: Scene, is_dark: bool, seed: str) -> Iterator[str]:
    is_wet = scene.weather in {"rain", "snow"}
    count = 4 if "cloud" in scene.lights or is_wet or scene.place == "sky" else 2
    if scene.place == "space":
        return
    fill, opacity = ("#c9d3e6" if is_wet else "#ffffff"), (0.28 if is_dark else 0.85)
    for n in range(count):
        x, y = _at(seed, "cloud", n)
        left = (90, 480, 250, 690)[n] + x % 120
        scale = 0.8 + (y % 50) / 100
        yield (
            f'<g transform="translate({left} {130 + 58 * n + y % 40}) scale({scale:.2f})" fill="{fill}" '
            f'opacity="{opacity}">{CLOUD}</g>'
        )


CLOUD = '<path d="M30 70a34 34 0 0 1 6-67a48 48 0 0 1 90-8a40 40 0 0 1 44 75z"/>'


def _at(seed: str, kind: str, n: int) -> tuple[int, int]:
    """A point of the cover, by chance that is the same for the same seed."""
    return number(_BITS, seed, kind, n, "x") % 1000, number(_BITS, seed, kind, n, "y") % 1000
