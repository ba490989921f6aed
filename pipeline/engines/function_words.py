"""Detects which of our languages a text is in, by a table of everyday words. The standard library only.

Measured on text that the table was not made from, beside lingua (tests/engines/test_function_words.py): of 40
story sentences in each of the 8 languages all right; no right translation taken for English that stayed, no
English that stayed overlooked. Of 64 ideas of 3 to 9 words: 63 right, 1 unknown, none wrong (lingua: 58, 5,
1); of 26 ideas in other languages none taken for ours (lingua: 8).
"""

from __future__ import annotations

import math
import tomllib
from functools import cached_property
from importlib.resources import files

from pipeline.engines.word_table import WordTable
from pipeline.story.text import clean, words

# The least confidence, and the least ratio to our next language. "Unknown" costs a tenth of a cent for a
# paid detection; a wrong language spoils the story.
_LEAST, _LEAD = 0.7, 4.0


class FunctionWords:
    """LanguageDetector. Each trait of a text makes the languages without it less likely; the rest shares 1.

    Reads its table at the first text, in some 5 ms, then takes 0.1 ms a sentence; thread-safe.
    """

    def confidence(self, text: str, language: str) -> float:
        """0 to 1, how likely `text` is in `language`; 0 for an unknown language."""
        return self._confidences(text).get(language, 0.0)

    def detect(self, text: str) -> str | None:
        confidences = self._confidences(text)
        (best, first), (_, second), *_ = sorted(
            ((language, confidences[language]) for language in self._table.ours), key=lambda pair: -pair[1]
        )
        return best if first >= _LEAST and first >= _LEAD * second else None

    def _confidences(self, text: str) -> dict[str, float]:
        scores = dict(self._table.start)
        for word in words(clean(text).casefold().replace("’", "'")):
            for languages, weight in self._table.traits(word):
                for language in scores:
                    if language not in languages:
                        scores[language] -= weight
        most = max(scores.values())
        shares = {language: math.exp(score - most) for language, score in scores.items()}
        whole = sum(shares.values())
        return {language: round(share / whole, 6) for language, share in shares.items()}

    @cached_property
    def _table(self) -> WordTable:
        text = files("pipeline").joinpath("data", "function_words.toml").read_text("utf-8")
        return WordTable(tomllib.loads(text))
