"""Lengths and audiences, and which of them a writer may be asked for: what it was measured to do."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from pipeline.errors import RequestError
from pipeline.story.readability import grade, longest
from pipeline.types import Check

# The defaults, which every writer may be asked for.
SHORT, YOUNG = "short", "young"


@dataclass(frozen=True, slots=True)
class Length:
    """words: the fewest and the most. minutes: about, read aloud. scenes: how many it is written in."""

    name: str
    words: tuple[int, int]
    minutes: int
    scenes: int


@dataclass(frozen=True, slots=True)
class Audience:
    """An age band. ages: years, from and to. text: in the prompt. longest: words of a sentence at most;
    grade: of readability.py at most.
    """

    name: str
    ages: tuple[int, int]
    text: str
    longest: int
    grade: float

    def checks(self, sentences: Sequence[str]) -> tuple[Check, ...]:
        words, level = longest(sentences), grade(sentences)
        return (
            Check("sentence length", words <= self.longest, words, f"at most {self.longest} words"),
            Check("readability", level <= self.grade, level, f"grade {self.grade:g} at most"),
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """What one writer may be asked for, the defaults first. scenes: the scene prompts of longer lengths.
    experimental: those of lengths that it does badly, or was not measured to do.
    """

    lengths: tuple[Length, ...]
    audiences: tuple[Audience, ...]
    scenes: Mapping[str, str] = field(default_factory=dict)
    experimental: Mapping[str, str] = field(default_factory=dict)

    def length(self, name: str) -> Length:
        """ "" for the default. Raises RequestError ("unknown-length"): it is not offered."""
        hint = ", or try it by `stories make --experimental`"
        return _chosen(self.lengths, name, "length", hint if name in self.experimental else "")

    def audience(self, name: str) -> Audience:
        """As length()."""
        return _chosen(self.audiences, name, "audience")

    @property
    def with_experimental(self) -> Offer:
        more = tuple(lengths()[name] for name in self.experimental)
        return replace(self, lengths=(*self.lengths, *more), scenes={**self.scenes, **self.experimental})

    @property
    def on_demand(self) -> Offer:
        """Without what takes longer than an Express workflow may, five minutes: what is written in scenes."""
        return replace(
            self, lengths=tuple(each for each in self.lengths if each.scenes == 1), scenes={}, experimental={}
        )


Named = TypeVar("Named", Length, Audience)


def _chosen(offered: Sequence[Named], name: str, kind: str, hint: str = "") -> Named:
    for each in offered:
        if name in ("", each.name):
            return each
    names = ", ".join(each.name for each in offered)
    raise RequestError(
        f"the {kind} {name[:20]!r} is not one that this writer was measured to do well: "
        f"choose from {names}{hint}",
        problem=f"unknown-{kind}",
    )


def offer(model: str) -> Offer:
    """What a model may be asked for. model: its name, as in `stories models`, of an endpoint or a profile."""
    table = _read("offers")
    name = model.casefold()
    beginnings = (key for key in table if key.endswith("*") and name.startswith(key[:-1].casefold()))
    row = table.get(model) or table[max(beginnings, key=len)]
    return Offer(
        tuple(lengths()[each] for each in (SHORT, *row["lengths"])),
        tuple(audiences()[each] for each in (YOUNG, *row["audiences"])),
        row["lengths"],
        row["experimental"],
    )


@cache
def lengths() -> Mapping[str, Length]:
    """All, by name."""
    rows = _read("lengths").items()
    return {name: Length(name, tuple(row["words"]), row["minutes"], row["scenes"]) for name, row in rows}


@cache
def audiences() -> Mapping[str, Audience]:
    """All, by name."""
    rows = _read("audiences").items()
    return {
        name: Audience(name, tuple(row["ages"]), row["text"], row["longest"], row["grade"])
        for name, row in rows
    }


def audience_of(text: str) -> Audience | None:
    """The age band that the prompt's words mean; None for free text."""
    return next((each for each in audiences().values() if each.text == text), None)


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("pipeline").joinpath("data", f"{name}.toml").read_text("utf-8"))
