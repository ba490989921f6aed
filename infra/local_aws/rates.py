"""How many requests of an operation are admitted a second and at once, where the options name its rate."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_MANY = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """per_second: requests a second in the long run. burst: after a pause. at_once: not answered yet."""

    per_second: float = _MANY
    burst: float = _MANY
    at_once: int = _MANY


# By operation, and what it is counted by: the quotas of a new account.
PUBLISHED: Mapping[str, Rate] = {
    # "Quotas in Amazon Polly", developer guide, read November 2026. Generative voices have no burst there.
    "SynthesizeSpeech neural": Rate(8, 10, 18),
    "SynthesizeSpeech long-form": Rate(8, 10, 26),
    "SynthesizeSpeech generative": Rate(8, 8, 26),
    "SynthesizeSpeech standard": Rate(80, 100, 80),
    "DescribeVoices": Rate(80, 100),
    # Its developer guide has no figure any more; an older one had, for each language pair, 20 requests a
    # second and 10 kB in 10 seconds. The stricter is held.
    "TranslateText": Rate(20, 20),
    "TranslateText bytes": Rate(1_000, 10_000),
    # Text Generation Inference's MAX_CONCURRENT_REQUESTS (its launcher: 128), then 429; none of SageMaker's.
    "InvokeEndpoint": Rate(at_once=128),
    "InvokeEndpointWithResponseStream": Rate(at_once=128),
}

# Options of an account that has no more. Polly takes about a third of a second for a sentence.
HELD: Mapping[str, Any] = {"rates": dict(PUBLISHED), "seconds": {"SynthesizeSpeech": 1 / 3}}


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request takes of a rate. key: of PUBLISHED. of: where each has a bucket, as a language pair."""

    key: str
    amount: float = 1
    of: str = ""


@dataclass
class _Bucket:
    tokens: float
    filled: float
    open: int = 0


@dataclass
class Gates:
    """Admits requests by `rates`, a token bucket each; a key without a rate is always admitted. Thread-safe.

    rates: read at each request, so a test may change them. refused: counts by key. clock: seconds.
    """

    rates: Mapping[str, Rate]
    clock: Callable[[], float] = time.monotonic
    refused: Counter[str] = field(default_factory=Counter)
    _buckets: dict[tuple[str, str], _Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def admitted(self, charges: Iterable[Charge]) -> Iterator[bool]:
        """Whether the request may pass; then it is open until the block ends."""
        with self._lock:
            limited = [(charge, self._filled(charge)) for charge in charges if charge.key in self.rates]
            passes = all(self._has_room(charge, bucket) for charge, bucket in limited)
            for charge, bucket in limited:
                bucket.tokens -= charge.amount * passes
                bucket.open += passes
                self.refused[charge.key] += not passes
        try:
            yield passes
        finally:
            with self._lock:
                for _, bucket in limited:
                    bucket.open -= passes

    def reset(self) -> None:
        """Full buckets, no count; open requests end in the buckets that they began in."""
        with self._lock:
            self._buckets.clear()
            self.refused.clear()

    def _has_room(self, charge: Charge, bucket: _Bucket) -> bool:
        return bucket.tokens >= charge.amount and bucket.open < self.rates[charge.key].at_once

    def _filled(self, charge: Charge) -> _Bucket:
        rate, now = self.rates[charge.key], self.clock()
        bucket = self._buckets.setdefault((charge.key, charge.of), _Bucket(rate.burst, now))
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.filled) * rate.per_second)
        bucket.filled = now
        return bucket
