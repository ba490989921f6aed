"""The simulation of a catalog's run, on cases that can be worked out by hand."""

from __future__ import annotations

import tomllib
from math import inf

import pytest

from bench import scale
from bench.scale import Load, simulate

FREE = {"writer": inf, "voice": inf, "scheduler": inf}


def test_services_work_at_once_and_the_slower_one_decides() -> None:
    load = Load({"writer": 2.0}, {"voice": 6.0})
    outcome = simulate(load, {**FREE, "writer": 1.0, "voice": 1.0}, stories=100, chunk=1)
    # The voice begins when the first story is written, after 2 s, and has 600 s to do.
    assert outcome.seconds == pytest.approx(602)
    assert outcome.bottlenecks[0] == "voice"
    assert outcome.busy["writer"] == pytest.approx(200 / 602)


def test_small_chunks_are_held_up_by_the_scheduler() -> None:
    load = Load({"writer": 0.1}, {"voice": 0.1})
    outcome = simulate(load, {"writer": 1.0, "voice": 1.0, "scheduler": 1.0}, stories=100, chunk=1)
    assert outcome.bottlenecks[0] == "scheduler"
    assert outcome.seconds >= 200


def test_twice_the_stories_take_twice_the_time() -> None:
    load, rates = Load({"writer": 2.0}, {"voice": 6.0}), {**FREE, "writer": 1.0, "voice": 1.0}
    once, twice = (simulate(load, rates, stories, chunk=10).seconds for stories in (1_000, 2_000))
    assert twice == pytest.approx(2 * once, rel=0.01)


def test_polly_alone_takes_what_its_quota_and_requests_say() -> None:
    """18 requests a story in each of 8 languages, at 8 a second: 18 s a story."""
    table, means = (tomllib.loads(path.read_text("utf-8")) for path in scale._TABLES)
    scenario = next(row for row in table["scenarios"] if row["name"] == "a new account, Bedrock")
    outcome = simulate(scale.load_of(scenario, table, means), scale.rates_of(scenario, table), 10_000)
    assert outcome.bottlenecks[0] == "polly"
    assert outcome.seconds == pytest.approx(18 * 10_000, rel=0.05)


def test_dollars_follow_the_published_prices() -> None:
    table, means = (tomllib.loads(path.read_text("utf-8")) for path in scale._TABLES)
    scenario = next(row for row in table["scenarios"] if row["name"] == "a new account, Bedrock")
    outcome = simulate(scale.load_of(scenario, table, means), scale.rates_of(scenario, table), 1_000)
    cost = scale.dollars(scenario, outcome, table, means)
    # 8,000,000 editions of 520 characters, twice, at 16 $ a million; 7,000,000 of 545 at 15 $.
    assert cost["Polly"] == pytest.approx(8 * 520 * 2 * 16)
    assert cost["Translate"] == pytest.approx(7 * 545 * 15)
