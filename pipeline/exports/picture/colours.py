"""Colours of a scene, "#rrggbb": calm by day, and dimmed for the night version."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.exports.picture import tables
from pipeline.exports.picture.scene import Scene

_NIGHT = "#141b3f"
_EVENING = "#2f3d78"
# Shares of the night's blue: in the ground of a night's story, and in the night version.
_AT_NIGHT, _NIGHT_GROUND, _NIGHT_SKY = 0.34, 0.56, 0.74


@dataclass(frozen=True, slots=True)
class Colours:
    """sky: from the top to the horizon. ground: from far to near, and the front."""

    sky: tuple[str, str]
    ground: tuple[str, str, str, str]


def colours(scene: Scene, night: bool) -> Colours:
    table = tables.read("scenes")
    top, horizon = table["skies"]["space" if scene.place == "space" else scene.time]
    ground = table["grounds"][scene.place]
    if scene.time == "night" and scene.place not in {"room", "space"}:
        ground = [mixed(colour, _EVENING, _AT_NIGHT) for colour in ground]
    if night:
        top, horizon = mixed(top, _NIGHT, _NIGHT_SKY), mixed(horizon, _NIGHT, _NIGHT_SKY - 0.1)
        ground = [mixed(colour, _NIGHT, _NIGHT_GROUND) for colour in ground]
    far, middle, near, front = ground
    return Colours((top, horizon), (far, middle, near, front))


def mixed(colour: str, other: str, share: float) -> str:
    """share: of the other, 0 to 1."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
