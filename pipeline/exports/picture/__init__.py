"""The cover of a story: a scene and its figures as SVG, composed from the English text alone.

The same bytes for the same text and tables.VERSION; no network, no clock, no chance.
"""

from __future__ import annotations

from pipeline.exports.picture import ground, tables
from pipeline.exports.picture.cast import cast
from pipeline.exports.picture.colours import Colours, colours
from pipeline.exports.picture.layout import Placed, is_outside, layout, only_swims, swims
from pipeline.exports.picture.scene import WATERS, scene
from pipeline.exports.picture.sky import sky, weather
from pipeline.storage.digest import digest
from pipeline.types import Story

# y from which a thing stands before the strip of ground in front.
_FOREGROUND = 900
# Share of a drawing above its feet: it has a margin.
_SQUARE, _FEET = 32, 30 / 32


def svg(story: Story, idea: str, night: bool = False) -> str:
    """story: the English text; idea: in English. night: for a dark room, with a moon and dimmed colours."""
    people = cast(story, idea)
    is_wet = swims(people)
    setting = scene(story, idea, is_wet, is_outside(people))
    seed = digest([story.title, story.segments, tables.VERSION])
    tints = colours(setting, night)
    place = "beach" if setting.place == "sea" and not only_swims(people) else setting.place
    figures = layout(people, setting.place in WATERS)
    parts = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000" width="1000" height="1000">',
        *sky(setting, tints, night, seed),
        *ground.behind(place, tints),
        *(_drawn(placed, tints) for placed in figures if not _is_in_front(placed)),
        *ground.before(place, tints, is_wet),
        *(_drawn(placed, tints) for placed in figures if _is_in_front(placed)),
        *weather(setting, seed),
        '<rect width="1000" height="1000" fill="#0d1436" opacity=".13"/>' if night else "",
        "</svg>",
    )
    return "".join(parts)


def _is_in_front(placed: Placed) -> bool:
    return placed.y > _FOREGROUND and placed.figure.place == "ground"


def _drawn(placed: Placed, tints: Colours) -> str:
    """The figure; on the ground with its shadow, a bust behind a rise."""
    width = placed.width
    top = placed.y - width * (0.5 if placed.is_aloft else _FEET)
    left, across = (placed.x + width / 2, -1) if placed.is_mirrored else (placed.x - width / 2, 1)
    scale = width / _SQUARE
    figure = (
        f'<g transform="translate({left:.1f} {top:.1f}) scale({across * scale:.3f} {scale:.3f})">'
        f"{tables.drawing(placed.figure.name)}</g>"
    )
    if placed.figure.place != "ground" or placed.is_far:
        return figure
    if placed.figure.is_bust:
        return figure + _ellipse(
            placed.x, placed.y + width * 0.07, width * 0.6, width * 0.15, tints.ground[3]
        )
    shadow = _ellipse(placed.x, placed.y, width * 0.36, width * 0.05, "#1b2440", ' opacity=".16"')
    return shadow + figure


def _ellipse(x: float, y: float, across: float, down: float, colour: str, more: str = "") -> str:
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{across:.1f}" ry="{down:.1f}" fill="{colour}"{more}/>'
