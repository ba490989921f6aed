"""The tables of covers, of data/pictures: figures and their words, drawings, scenes, alternative texts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

# Raised when tables or code draw an old story otherwise than before.
VERSION = 1
_ROLES = ("animals", "swimmers", "flyers", "people", "buildings", "boats", "aloft", "plants", "things")
_CHARACTERS = frozenset({"animals", "swimmers", "flyers", "people"})
_PLACES = {"swimmers": "water", "boats": "water", "flyers": "air", "aloft": "air"}


@dataclass(frozen=True, slots=True)
class Figure:
    """role: its section in figures.toml. size: of the usual. is_bust: it has no feet to stand on."""

    name: str
    role: str
    size: float
    is_bust: bool
    is_mirrored: bool

    @property
    def is_animal(self) -> bool:
        return self.role in {"animals", "swimmers", "flyers"}

    @property
    def is_character(self) -> bool:
        return self.role in _CHARACTERS

    @property
    def place(self) -> str:
        """ "ground", "water" or "air"."""
        return _PLACES.get(self.role, "ground")


_NOBODY = Figure("", "", 1.0, is_bust=False, is_mirrored=False)


@cache
def read(name: str) -> Mapping[str, Any]:
    """The TOML of data/pictures/`name`.toml."""
    return tomllib.loads(files("pipeline").joinpath("data", "pictures", f"{name}.toml").read_text("utf-8"))


@cache
def figures() -> Mapping[str, Figure]:
    table = read("figures")
    busts, fixed = table["busts"]["names"].split(), table["never_mirrored"]["names"].split()
    return {
        name: Figure(name, role, table["sizes"].get(name, 1.0), name in busts, name not in fixed)
        for role in _ROLES
        for name in table[role]
    }


@cache
def scenery() -> frozenset[str]:
    """The figures that a scene draws by itself."""
    return frozenset(read("figures")["scenery"]["names"].split())


@cache
def nouns() -> Mapping[tuple[str, ...], str]:
    """The words of each noun, singular -> the name of its figure; "" where it has none."""
    table = read("figures")
    known = {_key(words): "" for words in _listed(read("words")["none"])}
    for role in _ROLES:
        for name, words in table[role].items():
            known |= {_key(each): name for each in _listed(words)}
    young = read("words")["young"].split()
    animals = [(noun, name) for noun, name in known.items() if figures().get(name, _NOBODY).is_animal]
    return known | {(*noun, each): name for noun, name in animals for each in young}


@cache
def drawing(name: str) -> str:
    """The SVG of a figure, in a square of 32. Raises KeyError."""
    change = dict(read("figures")["recoloured"].get(name, {}))
    body = _drawings().get(change.pop("of", name)) or read("shapes")[name]
    for old, new in change.items():
        body = body.replace(old, new)
    return body


@cache
def _drawings() -> Mapping[str, str]:
    text = files("pipeline").joinpath("data", "pictures", "drawings.json").read_text("utf-8")
    drawings: Mapping[str, str] = json.loads(text)["drawings"]
    return drawings


def _listed(words: str) -> list[str]:
    return [each.strip() for each in words.split(",")]


def _key(words: str) -> tuple[str, ...]:
    return tuple(words.split())
