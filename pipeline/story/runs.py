"""Runs of words: how often a text says the same again, within itself, of an example, of what was before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pipeline.story.text import words
from pipeline.types import Check

# Share of a scene's 4-word runs that the scenes before have.
_MOST_AGAIN = 0.25


def distinct(text: str, size: int = 4) -> float:
    """Share of the text's runs of `size` words that occur once, 0 to 1."""
    counted = Counter(runs(text, size))
    return round(sum(1 for count in counted.values() if count == 1) / max(1, sum(counted.values())), 3)


def copied(text: str, examples: Iterable[str], size: int = 5) -> int:
    """How many of the text's runs of `size` words stand in an example."""
    theirs = {run for example in examples for run in runs(example, size)}
    return sum(1 for run in runs(text, size) if run in theirs)


def nothing_twice(text: str, before: str) -> Check:
    """The check of a scene against all that was told before it."""
    earlier, ours = set(runs(before, 4)), runs(text, 4)
    share = round(sum(run in earlier for run in ours) / max(1, len(ours)), 3)
    return Check("nothing twice", share <= _MOST_AGAIN, share, f"at most {_MOST_AGAIN} of 4-word runs before")


def runs(text: str, size: int) -> list[tuple[str, ...]]:
    lower = [word.lower() for word in words(text)]
    return [tuple(lower[at : at + size]) for at in range(len(lower) - size + 1)]
