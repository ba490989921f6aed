"""Figures of one English text that need no model."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.story.runs import distinct
from pipeline.story.text import words

_RUN = 4


@dataclass(frozen=True, slots=True)
class Scores:
    """words: how many. ari, coleman_liau: grades of a US school (0 is a child of five; textstat's
    Coleman-Liau has 0.058 for 0.0588 and lies 0.3 lower than the paper's). lix: under 25 is a children's book
    (Björnsson 1968). rix: long words a sentence. These count letters: indices of syllables need a download.

    repetition: the share (0 to 1) of 4-word runs that come more than once. distinct_1, distinct_2: different
    words, and pairs of words, over all of them (Li et al. 2016), in lower case.
    """

    words: int = 0
    ari: float = 0.0
    coleman_liau: float = 0.0
    lix: float = 0.0
    rix: float = 0.0
    repetition: float = 0.0
    distinct_1: float = 0.0
    distinct_2: float = 0.0


def scores(text: str) -> Scores:
    """Every figure is 0 for a text without words."""
    count = len(words(text))
    if not count:
        return Scores()
    import textstat  # takes a second to load

    return Scores(
        words=count,
        ari=round(float(textstat.automated_readability_index(text)), 2),
        coleman_liau=round(float(textstat.coleman_liau_index(text)), 2),
        lix=round(float(textstat.lix(text)), 2),
        rix=round(float(textstat.rix(text)), 2),
        repetition=round(1 - distinct(text, _RUN), 3) if count >= _RUN else 0.0,
        distinct_1=distinct_n(text, 1),
        distinct_2=distinct_n(text, 2),
    )


def distinct_n(text: str, size: int) -> float:
    """Different runs of `size` words over all runs, 0 to 1; 0 for a shorter text."""
    lower = [word.lower() for word in words(text)]
    runs = list(zip(*(lower[start:] for start in range(size)), strict=False))
    return round(len(set(runs)) / len(runs), 3) if runs else 0.0
