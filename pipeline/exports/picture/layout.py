"""Where the figures of a cover stand. A cover is 1,000 units wide and high; y grows downwards."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.exports.picture import tables
from pipeline.exports.picture.cast import Cast, Character
from pipeline.exports.picture.tables import Figure

# y: of the feet on the ground, of the middle in the air. width: of a figure of size 1.
_HERO, _ALONE, _FRIEND = (305, 850, 430), (480, 860, 500), (780, 815, 300)
_HERO_ALOFT, _ALONE_ALOFT, _FRIEND_ALOFT = (345, 400, 350), (480, 410, 390), (655, 450, 210)
_ON_HORIZON, _BESIDE_ONE = ((565, 675, 280), (130, 650, 240)), ((815, 690, 290), (150, 670, 260))
_IN_FRONT, _BEFORE_ONE = (
    ((575, 935, 170), (900, 945, 160), (105, 950, 150)),
    (
        (810, 915, 200),
        (150, 925, 180),
        (900, 960, 130),
    ),
)
_IN_AIR = ((160, 300, 190), (570, 200, 160), (390, 130, 130))
# Of a hero, however small its kind.
_LEAST = 0.85


@dataclass(frozen=True, slots=True)
class Placed:
    """x: the middle. y: the feet, or the middle where it is aloft. All in units of the cover."""

    figure: Figure
    x: float
    y: float
    width: float
    is_mirrored: bool = False
    is_far: bool = False

    @property
    def is_aloft(self) -> bool:
        return self.figure.place == "air"


# Lower than on the ground: the water in front hides what is below it.
_IN_WATER = 960
# How much higher what lies in front does where the front is water.
_ABOVE_WATER = 80


def layout(cast: Cast, is_wet: bool) -> list[Placed]:
    """From the back to the front. is_wet: there is water on the horizon."""
    characters = [
        *_character(cast.friend, _FRIEND, _FRIEND_ALOFT, cast.hero is None, faces_right=False),
        *_character(cast.hero, _HERO, _HERO_ALOFT, cast.friend is None, faces_right=True),
    ]
    far, near = _things(cast.things, is_wet, cast.hero is None or cast.friend is None, swims(cast))
    return [*far, *characters, *near] or [Placed(tables.figures()["star"], *_ALONE_ALOFT)]


def is_outside(cast: Cast) -> bool:
    """Whether something of it has no place in a room."""
    return any(tables.figures()[name].role == "buildings" for name in _names(cast))


def _names(cast: Cast) -> list[str]:
    return [*(each.figure for each in (cast.hero, cast.friend) if each), *cast.things]


def swims(cast: Cast) -> bool:
    return any(_is_swimmer(each) for each in (cast.hero, cast.friend))


def only_swims(cast: Cast) -> bool:
    """Whether nobody stands on the ground."""
    places = {tables.figures()[each.figure].place for each in (cast.hero, cast.friend) if each}
    return "water" in places and "ground" not in places


def _is_swimmer(character: Character | None) -> bool:
    return character is not None and tables.figures()[character.figure].place == "water"


def _character(
    character: Character | None,
    slot: tuple[float, float, float],
    aloft: tuple[float, float, float],
    is_alone: bool,
    faces_right: bool,
) -> list[Placed]:
    """One, or several of a kind side by side. The figures of animals face left."""
    if character is None:
        return []
    figure = tables.figures()[character.figure]
    in_air = figure.place == "air"
    if is_alone:
        slot, aloft = _ALONE, _ALONE_ALOFT
    x, y, width = aloft if in_air else slot
    width *= max(_LEAST, figure.size) if faces_right else figure.size
    y = _IN_WATER if figure.place == "water" else y
    if not figure.is_character and not in_air:
        width = min(width, slot[2] * 1.25)
    if character.count == 1:
        return [Placed(figure, x, y, width, faces_right and figure.is_mirrored)]
    width *= 0.76
    step = width * 0.86
    first = x - step * (character.count - 1) / 2
    return [
        Placed(figure, first + step * n, y - 24 * (n % 2), width, figure.is_mirrored and n % 2 == 0)
        for n in range(character.count)
    ]


def _things(
    names: tuple[str, ...], is_wet: bool, is_one: bool, in_water: bool
) -> tuple[list[Placed], list[Placed]]:
    """On the horizon and in the air; and in front."""
    horizon, front = (_BESIDE_ONE, _BEFORE_ONE) if is_one else (_ON_HORIZON, _IN_FRONT)
    slots_of = {"horizon": list(horizon), "air": list(_IN_AIR), "front": list(front)}
    far: list[Placed] = []
    near: list[Placed] = []
    for name in names:
        figure = tables.figures()[name]
        is_far = figure.role == "buildings" or (figure.place == "water" and is_wet)
        depth = "horizon" if is_far else "air" if figure.place == "air" else "front"
        if slots_of[depth]:
            x, y, width = slots_of[depth].pop(0)
            y -= _ABOVE_WATER if depth == "front" and in_water else 0
            placed = Placed(figure, x, y, width * figure.size, is_far=is_far)
            (near if depth == "front" else far).append(placed)
    return far, near
