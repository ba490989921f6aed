"""Figures of one English text that need no model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pipeline.story.checks import distinct
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

    words: int
    ari: float
    coleman_liau: float
    lix: float
    rix: float
    repetition: float
    distinct_1: float
    distinct_2: float


def scores(text: str) -> Scores:
    """An empty text has 0 of everything."""
    if not words(text):
        return Scores(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    import textstat  # a second, which nothing else needs

    return Scores(
        words=len(words(text)),
        ari=round(float(textstat.automated_readability_index(text)), 2),
        coleman_liau=round(float(textstat.coleman_liau_index(text)), 2),
        lix=round(float(textstat.lix(text)), 2),
        rix=round(float(textstat.rix(text)), 2),
        repetition=round(1 - distinct(text, _RUN), 3) if len(words(text)) >= _RUN else 0.0,
        distinct_1=distinct_n(text, 1),
        distinct_2=distinct_n(text, 2),
    )


def distinct_n(text: str, size: int) -> float:
    """Different runs of `size` words over all of them, 0 to 1; 0 where there is none."""
    told = [word.lower() for word in words(text)]
    runs = Counter(tuple(told[at : at + size]) for at in range(len(told) - size + 1))
    return round(len(runs) / runs.total(), 3) if runs else 0.0
