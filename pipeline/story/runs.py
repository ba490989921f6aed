"""Runs of words: how often a text says the same again, within itself, of an example, of what was before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set

from pipeline.story.text import words

Run = tuple[str, ...]

# Of a new line: so many runs of so many words may also stand in what was before; in a worked example.
_AGAIN, _FEW_AGAIN = 3, 1
_TAKEN, _FEW_TAKEN = 4, 0


def distinct(text: str, size: int = 4) -> float:
    """Share of the text's runs of `size` words that occur once, 0 to 1."""
    counted = Counter(runs(text, size))
    return round(sum(1 for count in counted.values() if count == 1) / max(1, sum(counted.values())), 3)


def copied(text: str, examples: Iterable[str], size: int = 5) -> int:
    """How many of the text's runs of `size` words stand in an example."""
    return _common(runs(text, size), {run for example in examples for run in runs(example, size)})


def _common(ours: Iterable[Run], theirs: Set[Run]) -> int:
    return sum(run in theirs for run in ours)


def new_lines(lines: Sequence[str], before: str, examples: Iterable[str]) -> tuple[str, ...]:
    """Those that say something new: not what was told before them, nor what a worked example says; a small
    model likes to do both. A quote that stays open is none either. before: the story until there.
    """
    taken = {run for example in examples for run in runs(example, _TAKEN)}
    earlier = set(runs(before, _AGAIN))
    new: list[str] = []
    for line in lines:
        own = runs(line, _AGAIN)
        is_new = _common(own, earlier) <= _FEW_AGAIN
        if is_new and line.count('"') % 2 == 0 and _common(runs(line, _TAKEN), taken) <= _FEW_TAKEN:
            new.append(line)
            earlier.update(own)
    return tuple(new)


def runs(text: str, size: int) -> list[Run]:
    lower = [word.lower() for word in words(text)]
    return [tuple(lower[at : at + size]) for at in range(len(lower) - size + 1)]
