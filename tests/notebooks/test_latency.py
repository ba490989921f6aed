"""Latency with an injected clock."""

from __future__ import annotations

from itertools import count

import pytest

from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.notebooks import latency
from pipeline.notebooks.latency import Sample
from pipeline.story.drafts import Draft

DRAFT = Draft("A title", ("One.", "Two."), True)
SAMPLES = [Sample(DRAFT, 0.5, 2.0, 40), Sample(DRAFT, 1.0, 4.0, 200), Sample(DRAFT, 0.7, 3.0, 90)]


def test_each_variant_is_timed_to_its_first_word_and_its_end() -> None:
    ticks = count()
    app = build_app(Settings(profile="fake"), MemoryStore())
    first, second = latency.samples(app, "a shy snail", 2, now=lambda: float(next(ticks)))
    assert first.first_s == second.first_s == 1.0  # the clock is read for each piece of text
    assert first.whole_s > 1.0
    assert first.tokens > 0
    assert first.draft.title
    assert first.draft != second.draft


def test_medians_and_the_cost_of_a_thousand_drafts() -> None:
    speed = latency.speed(SAMPLES, per_hour=1.8)
    assert (speed.first_s, speed.whole_s) == (0.7, 3.0)
    assert speed.tokens_per_s == 30.0  # of 20, 50 and 30
    assert speed.per_thousand == pytest.approx(1.8 * 3.0 / 3600 * 1000)
    assert latency.speed(SAMPLES, None).per_thousand is None


def test_the_plot_has_a_bar_for_each_draft_that_ends_with_it() -> None:
    (axes,) = latency.plot(SAMPLES).axes
    waits, writing = axes.containers[:2]
    assert [bar.get_width() for bar in waits] == [0.5, 1.0, 0.7]
    assert [bar.get_x() + bar.get_width() for bar in writing] == [2.0, 4.0, 3.0]
