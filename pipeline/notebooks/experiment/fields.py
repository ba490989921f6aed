"""What the parts of a story prompt may be: a slip in a file is found before anything is paid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST = 4000  # characters; the shipped system text has 800
SAMPLING = ("temperature", "top_p", "dry", "max_tokens")


@dataclass(frozen=True, slots=True)
class Field:
    """holds: whether a value can be meant. told: what it is to be, in words."""

    holds: Callable[[Any], bool]
    told: str


def _number(least: float, most: float) -> Field:
    def holds(value: Any) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most

    return Field(holds, f"a number from {least} to {most}")


def _whole(least: int, most: int) -> Field:
    def holds(value: Any) -> bool:
        return type(value) is int and least <= value <= most

    return Field(holds, f"a whole number from {least} to {most}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST


def _texts(names: set[str], more: Mapping[str, type], most: int, told: str) -> Field:
    """A list of mappings, each with these texts and perhaps more."""

    def one(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and names <= set(value) <= {*names, *more}
            and all(_is_text(value[name]) for name in names)
            and all(isinstance(value[name], kind) for name, kind in more.items() if name in value)
        )

    return Field(
        lambda value: isinstance(value, list) and 0 < len(value) <= most and all(map(one, value)), told
    )


def _labels(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= 8
        and all(isinstance(one, str) and one.isalpha() and one.isascii() and one.istitle() for one in value)
    )


_TEXT = Field(_is_text, f"a text of at most {_LONGEST} characters")
FIELDS: dict[str, Field] = {
    "name": _TEXT,
    "version": _whole(1, 999_999),
    "max_tokens": _whole(1, 1000),
    "temperature": _number(0, 2),
    "top_p": _number(0.01, 1),
    "dry": _number(0, 5),
    "system": _TEXT,
    "user": _TEXT,
    "plan": Field(_labels, "a list of at most 8 words with a capital each, as in [Hero, Wish], or []"),
    "fewest": _whole(1, 20),
    "lines": _texts(
        {"job"}, {"spare": bool}, 20, "a list of at most 20 lines, each with a job, some `spare: true`"
    ),
    "examples": _texts(
        {"idea", "hero", "friend", "answer"},
        {},
        6,
        "a list of 1 to 6, each with idea, hero, friend and answer",
    ),
}
