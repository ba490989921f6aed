"""Intervals against hand calculations and published values."""

from __future__ import annotations

import math
from random import Random

import pytest
from scipy import stats

from pipeline.notebooks.experiment import intervals


def test_a_mean_of_equal_figures_has_no_width() -> None:
    assert intervals.mean([3.0, 3.0, 3.0]) == intervals.Interval(3.0, 3.0, 3.0, 3)


def test_one_context_has_a_mean_and_no_bounds() -> None:
    interval = intervals.mean([0.5])
    assert (interval.mean, interval.n) == (0.5, 1)
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)
    assert math.isnan(intervals.mean([]).mean)
    ratio = intervals.ratio_difference([100.0], [1.0], [150.0], [1.0])
    assert ratio.mean == -50
    assert math.isnan(ratio.low)
    assert intervals.ratio_difference([], [], [], []).n == 0


def test_a_bootstrap_interval_is_near_the_normal_one_and_the_same_at_each_call() -> None:
    # 1 to 30: mean 15.5, and what is resampled has sd sqrt((30^2 - 1) / 12) = 8.655; by hand
    # 15.5 ± 1.96 x 8.655 / sqrt(30) = 12.40 to 18.60.
    figures = [float(number) for number in range(1, 31)]
    interval = intervals.mean(figures)
    assert interval.mean == 15.5
    assert interval.low == pytest.approx(12.40, abs=0.15)
    assert interval.high == pytest.approx(18.60, abs=0.15)
    assert intervals.mean(figures) == interval


@pytest.mark.parametrize(
    ("passed", "count", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_a_rate_is_the_published_one(
    passed: int, count: int, low: float, high: float
) -> None:
    interval = intervals.rate([1.0] * passed + [0.0] * (count - passed))
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(
    ("differences", "low", "high"),
    [
        # 20 contexts, one better: 1/22 = 0.04545; variance (1 + 1)/22 - (1/22)^2 = 0.088843;
        # 1.96 x sqrt(0.088843/22) = 0.12455
        ([1.0] + [0.0] * 19, 0.04545 - 0.12455, 0.17),
        # All agree, and there is a width all the same: variance 1/22; 1.96 x sqrt(1/22/22) = 0.08909
        ([0.0] * 20, -0.08909, 0.08909),
        # All better: 20/22 = 0.90909; variance (20 + 1)/22 - 0.90909^2 = 0.128099; not above 1
        ([1.0] * 20, 0.90909 - 0.14956, 1.0),
    ],
)
def test_a_difference_of_shares_is_what_the_formula_gives_by_hand(
    differences: list[float], low: float, high: float
) -> None:
    interval = intervals.rate_difference(differences)
    assert interval.mean == sum(differences) / 20
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize("contexts", [20, 40])
def test_equal_prompts_are_seldom_called_better(contexts: int) -> None:
    """2.5 of 100 are meant; of 400 experiments, 20 are more than three standard deviations above."""
    random = Random(contexts)

    def passed(share: float) -> float:
        return sum(random.random() < share for _ in range(2)) / 2

    def is_better() -> bool:
        ideas = [random.choice((0.95, 0.85, 0.45)) for _ in range(contexts)]  # easy, usual, hard for both
        return intervals.rate_difference([passed(idea) - passed(idea) for idea in ideas]).low > 0

    assert sum(is_better() for _ in range(400)) < 20


def test_a_difference_of_ratios_is_that_of_sums() -> None:
    # 600 tokens for 3 accepted, 800 for 2: 200 - 400.
    interval = intervals.ratio_difference([200, 200, 200], [1, 1, 1], [400, 200, 200], [1, 1, 0])
    assert interval.mean == -200
    assert interval.low <= -200 <= interval.high
    cheaper = intervals.ratio_difference([100.0] * 10, [1.0] * 10, [150.0, 160.0] * 5, [1.0] * 10)
    assert cheaper.mean == -55
    assert cheaper.high < 0


def test_a_resample_without_an_accepted_story_has_finite_bounds() -> None:
    interval = intervals.ratio_difference([100.0] * 3, [0.0, 0.0, 1.0], [100.0] * 3, [0.0, 0.0, 0.0])
    assert interval.mean == 300 / 1 - 300 / 0.5
    assert math.isfinite(interval.low)
    assert math.isfinite(interval.high)


def test_sample_sizes_are_what_the_formulas_give_by_hand() -> None:
    # (1.96 x 0.5 / 0.1)^2 = 96.04; (2.8016 x 0.5 / 0.25)^2 = 31.4
    assert intervals.contexts_for(0.1, 0.5) == 97
    assert intervals.contexts_to_detect(0.25, 0.5) == 32
    assert intervals.contexts_for(1.0, 0.01) == 2
    # Power of a paired t-test by scipy's noncentral t, for n of the formula (which takes z for t).
    n, difference, spread = intervals.contexts_to_detect(0.2, 0.5), 0.2, 0.5
    critical = stats.t.ppf(0.975, n - 1)
    power = 1 - stats.nct.cdf(critical, n - 1, difference / spread * math.sqrt(n))
    assert power == pytest.approx(0.8, abs=0.02)
