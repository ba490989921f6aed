"""Runs of words: how often a text says the same again, within itself, of an example, of what was before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pipeline.story.text import words
from pipeline.types import Check

# Share of a new line's 4-word runs that the scenes before have; of lines with so many runs.
_MOST_AGAIN, _REFRAIN = 0.6, 5

# Runs of 4 words that also stand in an example.
_FEW = 1


def distinct(text: str, size: int = 4) -> float:
    """Share of the text's runs of `size` words that occur once, 0 to 1."""
    counted = Counter(runs(text, size))
    return round(sum(1 for count in counted.values() if count == 1) / max(1, sum(counted.values())), 3)


def copied(text: str, examples: Iterable[str], size: int = 5) -> int:
    """How many of the text's runs of `size` words stand in an example."""
    theirs = {run for example in examples for run in runs(example, size)}
    return sum(1 for run in runs(text, size) if run in theirs)


def none_copied(lines: Sequence[str], examples: Iterable[str]) -> Check:
    """The check of a scene's new lines against worked examples: a small model likes to say theirs."""
    count = copied(" ".join(lines), examples, 4)
    return Check("new lines its own", count <= _FEW, count, f"at most {_FEW} runs of 4 words from an example")


def nothing_twice(lines: Sequence[str], before: str) -> Check:
    """The check of a scene's new lines against all that was told before it. Short lines may be a refrain."""
    earlier = set(runs(before, 4))
    shares = [0.0]
    for ours in (runs(line, 4) for line in lines):
        if len(ours) >= _REFRAIN:
            shares.append(sum(run in earlier for run in ours) / len(ours))
    share = round(max(shares), 3)
    return Check("nothing twice", share <= _MOST_AGAIN, share, f"at most {_MOST_AGAIN} of a line before")


def runs(text: str, size: int) -> list[tuple[str, ...]]:
    lower = [word.lower() for word in words(text)]
    return [tuple(lower[at : at + size]) for at in range(len(lower) - size + 1)]
