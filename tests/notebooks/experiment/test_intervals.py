"""Intervals against hand calculations, scipy and published values."""

from __future__ import annotations

import math
from random import Random

import pytest
from scipy import stats

from pipeline.notebooks.experiment import intervals


def test_a_mean_of_equal_figures_is_itself() -> None:
    assert intervals.mean([3.0, 3.0, 3.0]) == intervals.Interval(3.0, 3.0, 3.0, 3)


def test_nobody_knows_how_sure_one_context_is() -> None:
    told = intervals.mean([0.5])
    assert (told.mean, told.n) == (0.5, 1)
    assert math.isnan(told.low)
    assert math.isnan(told.high)
    assert math.isnan(intervals.mean([]).mean)


def test_a_bootstrap_interval_is_near_the_normal_one_where_figures_are_even() -> None:
    # 1 to 30: mean 15.5, and what is resampled has sd sqrt((30^2 - 1) / 12) = 8.655; by hand
    # 15.5 ± 1.96 x 8.655 / sqrt(30) = 12.40 to 18.60.
    told = intervals.mean([float(one) for one in range(1, 31)])
    assert told.mean == 15.5
    assert told.low == pytest.approx(12.40, abs=0.15)
    assert told.high == pytest.approx(18.60, abs=0.15)


def test_the_same_figures_have_the_same_interval() -> None:
    figures = [0.0, 1.0, 1.0, -1.0, 0.5, 0.0]
    assert intervals.mean(figures) == intervals.mean(figures)


@pytest.mark.parametrize(
    ("passed", "of", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_rates_interval_is_the_published_one(passed: int, of: int, low: float, high: float) -> None:
    told = intervals.rate([1.0] * passed + [0.0] * (of - passed))
    assert (told.low, told.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    theirs = stats.binomtest(passed, of).proportion_ci(method="wilson")
    assert (told.low, told.high) == (pytest.approx(theirs.low), pytest.approx(theirs.high))


def test_several_drafts_of_a_context_count_once() -> None:
    assert intervals.rate([0.5, 0.5]) == intervals.rate([0.0, 1.0])
    assert intervals.rate([0.5, 0.5]).n == 2


def test_a_shares_difference_is_what_the_formula_gives_by_hand() -> None:
    # 20 contexts, one better: 1/22 = 0.04545; variance (1 + 1)/22 - (1/22)^2 = 0.088843;
    # 1.96 x sqrt(0.088843/22) = 0.12455
    told = intervals.rate_difference([1.0] + [0.0] * 19)
    assert told.mean == 0.05
    assert (told.low, told.high) == (
        pytest.approx(0.04545 - 0.12455, abs=5e-5),
        pytest.approx(0.17, abs=5e-5),
    )


def test_where_all_contexts_agree_a_difference_is_still_not_sure() -> None:
    # variance 1/22; 1.96 x sqrt(1/22/22) = 0.08909
    told = intervals.rate_difference([0.0] * 20)
    assert (told.low, told.high) == (pytest.approx(-0.08909, abs=5e-5), pytest.approx(0.08909, abs=5e-5))
    assert intervals.rate_difference([1.0] * 20).high == 1.0


@pytest.mark.parametrize("contexts", [20, 40])
def test_where_nothing_is_better_it_is_seldom_said_to_be(contexts: int) -> None:
    """2.5 of 100 are meant; of 400 experiments, 20 are more than three standard deviations above."""
    random = Random(contexts)

    def passed(share: float) -> float:
        return sum(random.random() < share for _ in range(2)) / 2

    def is_better() -> bool:
        ideas = [random.choice((0.95, 0.85, 0.45)) for _ in range(contexts)]  # easy, usual, hard for both
        return intervals.rate_difference([passed(one) - passed(one) for one in ideas]).low > 0

    assert sum(is_better() for _ in range(400)) < 20


def test_one_context_that_is_better_makes_it_no_surer_that_none_is_worse() -> None:
    lows = [intervals.rate_difference([1.0] * better + [0.0] * (20 - better)).low for better in range(21)]
    assert lows == sorted(lows)
    assert lows[1] < -0.05


def test_a_difference_that_is_seen_everywhere_lies_above_nothing() -> None:
    told = intervals.rate_difference([1.0] * 12 + [0.0] * 8)
    assert told.mean == 0.6
    assert 0.3 < told.low < 0.6 < told.high < 0.85


def test_a_ratios_difference_is_that_of_sums() -> None:
    # 600 tokens for 3 accepted, 800 for 2: 200 - 400.
    told = intervals.ratio_difference([200, 200, 200], [1, 1, 1], [400, 200, 200], [1, 1, 0])
    assert told.mean == -200
    assert told.low <= -200 <= told.high


def test_a_cheaper_prompt_in_every_context_is_surely_cheaper() -> None:
    told = intervals.ratio_difference([100.0] * 10, [1.0] * 10, [150.0, 160.0] * 5, [1.0] * 10)
    assert told.mean == -55
    assert told.high < 0


def test_a_resample_without_an_accepted_story_is_no_accident() -> None:
    told = intervals.ratio_difference([100.0] * 3, [0.0, 0.0, 1.0], [100.0] * 3, [0.0, 0.0, 0.0])
    assert told.mean == 300 / 1 - 300 / 0.5
    assert math.isfinite(told.low)
    assert math.isfinite(told.high)


def test_one_context_has_a_ratio_and_no_interval() -> None:
    told = intervals.ratio_difference([100.0], [1.0], [150.0], [1.0])
    assert told.mean == -50
    assert math.isnan(told.low)
    assert intervals.ratio_difference([], [], [], []).n == 0


def test_how_many_contexts_are_enough_is_what_the_formulas_give_by_hand() -> None:
    # (1.96 x 0.5 / 0.1)^2 = 96.04; (2.8016 x 0.5 / 0.25)^2 = 31.4
    assert intervals.contexts_for(0.1, 0.5) == 97
    assert intervals.contexts_to_see(0.25, 0.5) == 32
    assert intervals.contexts_for(1.0, 0.01) == 2


def test_the_contexts_that_are_enough_show_the_difference_8_times_of_10() -> None:
    # Power of a paired t-test by scipy's noncentral t, for n of the formula (which takes z for t).
    n, difference, spread = intervals.contexts_to_see(0.2, 0.5), 0.2, 0.5
    critical = stats.t.ppf(0.975, n - 1)
    power = 1 - stats.nct.cdf(critical, n - 1, difference / spread * math.sqrt(n))
    assert power == pytest.approx(0.8, abs=0.02)
