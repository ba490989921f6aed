"""95 % intervals. The unit is the context: drafts of one idea are alike, so they do not count twice.

Pairs of drafts, the same context and variant by two prompts, give a difference each; a context's is the mean
of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest, bootstrap, norm

_Z = float(norm.ppf(0.975))  # 95 %, two-sided
_Z_POWER = float(norm.ppf(0.8))  # a power of 80 %
_RESAMPLES = 9999
_SEED = 20260101
# A resample without an accepted story counts as half of one, so that it can be divided by.
_LEAST_ACCEPTED = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """low, high: of 95 %. n: contexts. NaN where unknown: the bounds for one context, the mean for none."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.3g} ({self.low:.3g} to {self.high:.3g})"


def mean(values: Sequence[float]) -> Interval:
    """Of one figure a context: scipy's BCa bootstrap over contexts (Efron 1987), the same at each call.

    On a thousand simulated experiments of 20 contexts, skewed figures such as seconds are covered 87 times of
    100, not 95.
    """
    if len(values) > 1 and np.ptp(values) < 1e-12:  # BCa is undefined without any spread
        return Interval(float(values[0]), float(values[0]), float(values[0]), len(values))
    return _bootstrap([values], lambda x, axis=-1: x.mean(axis), "BCa")


def rate(values: Sequence[float]) -> Interval:
    """Of shares (0 to 1), one a context: scipy's score interval (Wilson 1927) with the contexts as its count.

    For the bounds, their sum is rounded. Unlike a bootstrap, the interval has a width where all passed.
    """
    n = len(values)
    if not n:
        return Interval(math.nan, math.nan, math.nan, 0)
    bounds = binomtest(round(sum(values)), n).proportion_ci(method="wilson")
    return Interval(sum(values) / n, float(bounds.low), float(bounds.high), n)


def rate_difference(values: Sequence[float]) -> Interval:
    """Of differences of shares (-1 to 1), one a context: the adjusted Wald interval for matched pairs
    (Agresti and Min 2005, Statistics in Medicine 24, 729-740): half a pair more of each of the four outcomes.

    Not a bootstrap, whose interval has no width where all contexts agree, and too little where hardly any
    differ. Simulated with 20 and 40 contexts of 1 and 2 drafts, 75 and 90 % accepted: it covers 95 to 99 of
    100, and lies above a difference of 0 in 0.1 to 3 of 100 (2.5 are meant).
    """
    n = len(values)
    if n < 2:
        return _without_bounds(values)
    count = n + 2
    centre = sum(values) / count
    variance = (sum(value * value for value in values) + 1) / count - centre**2
    reach = _Z * math.sqrt(variance / count)
    return Interval(sum(values) / n, max(-1.0, centre - reach), min(1.0, centre + reach), n)


def ratio_difference(
    amounts: Sequence[float],
    counts: Sequence[float],
    baseline_amounts: Sequence[float],
    baseline_counts: Sequence[float],
) -> Interval:
    """amount/count less the baseline's, as in tokens for each accepted story; a context's sums, in one order.

    scipy's percentile bootstrap over contexts: a context is drawn with all four.
    """

    def ratio(amount: Any, count: Any, axis: int) -> Any:
        return amount.sum(axis) / np.maximum(count.sum(axis), _LEAST_ACCEPTED)

    def statistic(a: Any, c: Any, b: Any, d: Any, axis: int = -1) -> Any:
        return ratio(a, c, axis) - ratio(b, d, axis)

    return _bootstrap([amounts, counts, baseline_amounts, baseline_counts], statistic, "percentile")


def contexts_for(half_width: float, spread: float) -> float:
    """How many contexts give an interval of mean ± half_width; NaN where the spread is. spread: the standard
    deviation of what differs from context to context. n = (z s / h)² (Cochran 1977, Sampling Techniques,
    4.6)."""
    return float(np.maximum(2, np.ceil((_Z * spread / half_width) ** 2)))


def contexts_to_detect(difference: float, spread: float) -> float:
    """How many contexts show a paired difference of this size 8 times of 10, at 5 % two-sided:
    n = ((z + z_power) s / d)² (Lachin 1981, Controlled Clinical Trials 2, 93-113)."""
    return contexts_for(difference, spread * (1 + _Z_POWER / _Z))


def _bootstrap(samples: Sequence[Sequence[float]], statistic: Callable[..., Any], method: Any) -> Interval:
    arrays = [np.asarray(sample, dtype=float) for sample in samples]
    n = len(arrays[0])
    if n < 2:
        return _without_bounds([float(statistic(*arrays))] if n else [])
    bounds = bootstrap(
        arrays,
        statistic,
        paired=len(arrays) > 1,
        vectorized=True,
        n_resamples=_RESAMPLES,
        method=method,
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return Interval(float(statistic(*arrays)), float(bounds.low), float(bounds.high), n)


def _without_bounds(values: Sequence[float]) -> Interval:
    """Of one context or none: its spread is unknown."""
    return Interval(float(values[0]) if values else math.nan, math.nan, math.nan, len(values))
