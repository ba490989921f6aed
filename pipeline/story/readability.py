"""How hard a text is to read: figures that count letters, words and sentences, and need no dictionary."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.story.text import words


def longest(sentences: Sequence[str]) -> int:
    """Words of the longest sentence."""
    return max((len(words(sentence)) for sentence in sentences), default=0)


def grade(sentences: Sequence[str]) -> float:
    """The Automated Readability Index (Senter and Smith 1967, AMRL-TR-66-220): about a US school grade; below
    1 before school.
    """
    counted = [word for sentence in sentences for word in words(sentence)]
    letters = sum(char.isalnum() for word in counted for char in word)
    if not counted:
        return 0.0
    return round(4.71 * letters / len(counted) + 0.5 * len(counted) / len(sentences) - 21.43, 1)
