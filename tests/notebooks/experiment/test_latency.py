"""Latency by a clock of the test's own."""

from __future__ import annotations

from itertools import count

import pytest

from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.notebooks.experiment import latency
from pipeline.notebooks.experiment.latency import Timed
from pipeline.story.prompt import Draft

DRAFT = Draft("A title", ("One.", "Two."), True)
SAMPLES = [Timed(DRAFT, 0.5, 2.0, 40), Timed(DRAFT, 1.0, 4.0, 200), Timed(DRAFT, 0.7, 3.0, 90)]


def test_each_variant_is_timed_from_its_call_to_its_first_word_and_its_end() -> None:
    ticks = count()
    app = build_app(Settings(profile="fake"), MemoryStore())
    found = list(latency.timed(app, "a shy snail", 2, now=lambda: float(next(ticks))))
    assert [one.first_s for one in found] == [1.0, 1.0]  # a look at the clock for each piece of text
    assert all(one.whole_s > one.first_s for one in found)
    assert all(one.tokens > 0 and one.draft.title and one.draft.lines for one in found)
    assert found[0].draft != found[1].draft


def test_the_medians_and_what_a_thousand_cost_are_what_they_are_by_hand() -> None:
    told = latency.speed(SAMPLES, per_hour=1.8)
    assert (told.first_s, told.whole_s) == (0.7, 3.0)
    assert told.tokens_per_s == 30.0  # of 20, 50 and 30
    assert told.per_thousand == pytest.approx(1.8 * 3.0 / 3600 * 1000)


def test_an_unknown_price_stays_unknown() -> None:
    assert latency.speed(SAMPLES, None).per_thousand is None


def test_a_bar_of_each_draft_ends_where_the_draft_did() -> None:
    axes = latency.draw(SAMPLES)
    waited, wrote = axes.containers[:2]
    assert [bar.get_width() for bar in waited] == [0.5, 1.0, 0.7]
    assert [bar.get_x() + bar.get_width() for bar in wrote] == [2.0, 4.0, 3.0]
    assert axes.get_title(loc="left")
    assert "seconds" in axes.get_xlabel()
