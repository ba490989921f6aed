"""The ground of a cover by its place: what lies behind the figures, and what lies before them; as SVG."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.exports.picture.colours import Colours, mixed
from pipeline.exports.picture.sky import CLOUD

_FAR = "M0 590q170-90 340-30t330-40t330 30V1000H0z"
_MIDDLE = "M0 660q240-90 480-20t520-30V1000H0z"
_NEAR = "M0 745q260-70 560-10t440-30V1000H0z"
_FRONT = "M0 905q220-60 480-20t520-25V1000H0z"


def behind(place: str, colours: Colours) -> Iterator[str]:
    yield from _BEHIND.get(place, _hills)(colours)


def before(place: str, colours: Colours, is_wet: bool) -> Iterator[str]:
    """In front of the figures: a strip of the ground, or the water that some of them are in."""
    if is_wet:
        yield _wave(890, water(colours))
        yield _wave(945, mixed(water(colours), "#ffffff", 0.12))
    elif place not in {"room", "beach"}:
        yield _path(_FRONT, colours.ground[3])


def water(colours: Colours) -> str:
    return mixed("#4a9fc4", colours.ground[0], 0.3)


def _path(shape: str, colour: str) -> str:
    return f'<path d="{shape}" fill="{colour}"/>'


def _hills(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    yield _path(_FAR, far) + _path(_MIDDLE, middle) + _path(_NEAR, near)


def _forest(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    yield _path(_FAR, far)
    for n in range(9):
        yield _tree(30 + 118 * n, 640 - 14 * (n % 3), 0.8 + 0.12 * (n % 2), mixed(far, "#2f5d46", 0.3))
    yield _path(_MIDDLE, middle)
    for x, y in ((60, 730), (190, 700), (905, 720), (985, 740)):
        yield _tree(x, y, 1.35, mixed(middle, "#2f5d46", 0.42))
    yield _path(_NEAR, near)


def _garden(colours: Colours) -> Iterator[str]:
    yield from _hills(colours)
    petals = ("#f6a6b8", "#fbd07c", "#c9b1ea", "#ffffff")
    for n in range(12):
        x, y = 50 + 83 * n, 740 + (n * 83) % 105
        colour = mixed(petals[n % 4], colours.ground[2], 0.25)
        yield (
            f'<path d="M{x} {y}v34" stroke="{mixed(colours.ground[2], "#2f6b3f", 0.5)}" stroke-width="5"/>'
            f'<circle cx="{x}" cy="{y}" r="17" fill="{colour}"/>'
            f'<circle cx="{x}" cy="{y}" r="7" fill="#f4b942"/>'
        )


def _river(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    yield _path(_FAR, far) + _path(_MIDDLE, middle)
    yield _path("M0 690q250-50 500-10t500-20v85q-240 30-480-5t-520 25z", water(colours))
    yield (
        '<path d="M120 715h90m180 18h120m190-30h110" stroke="#fff" stroke-width="5" stroke-linecap="round" '
        'opacity=".5"/>'
    )
    yield _path("M0 775q260-60 560-15t440-20V1000H0z", near)


def _mountain(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    yield _path("M-60 720L220 300L430 600L640 240L1060 740z", far)
    snow = mixed("#ffffff", far, 0.2)
    yield _path("M220 300l-56 84l40-14l26 24l30-26l30 20z", snow)
    yield _path("M640 240l-58 100l46-20l34 30l34-26l32 22z", snow)
    yield _path(_MIDDLE, middle) + _path(_NEAR, near)


def _desert(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    yield _path("M0 620q200-110 420-10t580-50V1000H0z", far)
    yield _path("M0 700q330-120 620-10t380-30V1000H0z", middle) + _path(_NEAR, near)


def _snow(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    yield _path(_FAR, far)
    for x, y in ((90, 640), (180, 665), (860, 640), (950, 660)):
        yield _fir(x, y, mixed(far, "#4d7f78", 0.55))
    yield _path(_MIDDLE, middle) + _path(_NEAR, near)


def _town(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    yield _path(_FAR, mixed(far, middle, 0.4))
    tints = ("#e8b7a0", "#f2d5a4", "#b9c7e0", "#d8c2dd", "#c3d8bd")
    for n in range(8):
        x, high, wall = -10 + 132 * n, 150 + (n * 53) % 90, mixed(tints[n % 5], far, 0.45)
        y = 690 - high
        yield (
            f'<path d="M{x} {y}h112v{high}h-112z" fill="{wall}"/>'
            f'<path d="M{x - 10} {y}l66-62l66 62z" fill="{mixed("#b5654f", far, 0.45)}"/>'
            f'<path d="M{x + 22} {y + 34}h24v30h-24zm44 0h24v30h-24z" fill="#ffe9a8"/>'
        )
    yield _path(_MIDDLE.replace("660", "690"), middle) + _path(_NEAR, near)


def _sea(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    yield f'<path d="M0 560h1000v440H0z" fill="{far}"/>'
    yield _wave(640, middle) + _wave(745, near)


def _beach(colours: Colours) -> Iterator[str]:
    far, middle, _, sand = colours.ground
    yield f'<path d="M0 540h1000v460H0z" fill="{far}"/>' + _wave(610, middle)
    yield _path("M0 725q260-50 520 0t480-20V1000H0z", sand)


def _space(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    yield '<circle cx="190" cy="210" r="76" fill="#e7a977"/><path d="M70 250q120 20 240-80" '
    yield 'fill="none" stroke="#f6d9b4" stroke-width="12"/>'
    yield _path("M-100 760q600-330 1200 0V1000H-100z", far) + _path(_NEAR, middle)
    for x, y, r in ((140, 800, 46), (860, 760, 38), (560, 735, 26)):
        yield f'<ellipse cx="{x}" cy="{y}" rx="{r}" ry="{r // 3}" fill="{near}"/>'


def _sky(colours: Colours) -> Iterator[str]:
    far, middle, near, _ = colours.ground
    for colour, y, scale in ((far, 640, 2.6), (middle, 730, 3.0), (near, 820, 3.4)):
        puffs = "".join(f'<g transform="translate({150 * n - 90} 0)">{CLOUD}</g>' for n in range(4))
        yield f'<g transform="translate(-40 {y}) scale({scale})" fill="{colour}">{puffs}</g>'
        yield f'<path d="M0 {y + 130}h1000v400H0z" fill="{colour}"/>'


def _room(colours: Colours) -> Iterator[str]:
    """The sky is seen through a window."""
    wall, skirting, floor, rug = colours.ground
    frame = mixed(wall, "#ffffff", 0.5)
    yield (
        f'<path d="M0 0h1000v1000H0zM590 110v330h290V110z" fill="{wall}" fill-rule="evenodd"/>'
        f'<path d="M590 110h290v330H590zM735 110v330M590 275h290" fill="none" stroke="{frame}" '
        'stroke-width="18"/>'
        f'<path d="M570 450h330v22H570z" fill="{skirting}"/>'
    )
    yield f'<path d="M0 690h1000v310H0z" fill="{floor}"/><path d="M0 675h1000v22H0z" fill="{skirting}"/>'
    yield f'<ellipse cx="500" cy="875" rx="430" ry="80" fill="{rug}"/>'


def _wave(y: int, colour: str) -> str:
    crests = "q62-34 125 0t125 0t125 0t125 0t125 0t125 0t125 0t125 0"
    return f'<path d="M0 {y}{crests}V1000H0z" fill="{colour}"/>'


def _tree(x: int, y: int, scale: float, colour: str) -> str:
    return (
        f'<g transform="translate({x} {y}) scale({scale:.2f})"><path d="M-9 0h18v-80h-18z" fill="#8b6b52"/>'
        f'<circle cy="-110" r="62" fill="{colour}"/><circle cx="-34" cy="-78" r="40" fill="{colour}"/>'
        f'<circle cx="34" cy="-78" r="40" fill="{colour}"/></g>'
    )


def _fir(x: int, y: int, colour: str) -> str:
    return (
        f'<path d="M{x} {y - 170}l46 80h-22l38 70h-124l38-70h-22z" fill="{colour}"/>'
        f'<path d="M{x - 9} {y - 20}h18v26h-18z" fill="{colour}"/>'
    )


_BEHIND: dict[str, Callable[[Colours], Iterator[str]]] = {
    "beach": _beach,
    "desert": _desert,
    "forest": _forest,
    "garden": _garden,
    "mountain": _mountain,
    "river": _river,
    "room": _room,
    "sea": _sea,
    "sky": _sky,
    "snow": _snow,
    "space": _space,
    "town": _town,
}
