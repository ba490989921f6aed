"""A bound on how much comes in a second (a token bucket)."""

from __future__ import annotations

import time
from collections.abc import Callable


class Allowance:
    """rate: a second. burst: at once."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._at = burst, clock()

    def takes(self, amount: float) -> bool:
        """Whether so much may come now; it is used up then."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate) - amount
        self._at = now
        return self._left >= 0
