"""A bound on the editions that are begun in a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from pipeline.api import daily, problems
from pipeline.api.in_process.runner import InProcess
from pipeline.api.models import StoryOrder
from pipeline.api.service import OnDemand
from pipeline.engines.fake import MemoryStore
from pipeline.errors import BusyError
from tests.making import fake_app

EVENING = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
MORNING = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)


def test_a_day_has_as_many_as_the_bound_and_the_next_day_as_many_again() -> None:
    store = MemoryStore()
    for _ in range(2):
        daily.take(store, 2, EVENING)
    with pytest.raises(BusyError, match="the 2 stories of today") as refused:
        daily.take(store, 2, EVENING)
    assert refused.value.retry_after == 30 * 60 + 1
    daily.take(store, 2, MORNING)


def test_calls_at_the_same_time_never_exceed_the_bound() -> None:
    class Late(MemoryStore):
        """Lists what was there before the others wrote, as calls at one time see it."""

        def list(self, prefix: str, after: str = "") -> Iterator[str]:
            return iter(())

    store, taken = Late(), 0
    for _ in range(5):
        try:
            daily.take(store, 3, MORNING)
        except BusyError:
            continue
        taken += 1
    assert taken == 3


def test_a_number_costs_a_listing_and_a_write() -> None:
    class Counting(MemoryStore):
        calls: ClassVar[list[str]] = []

        def list(self, prefix: str, after: str = "") -> Iterator[str]:
            self.calls.append("list")
            return super().list(prefix, after)

        def put_if_absent(self, key: str, data: bytes) -> bool:
            self.calls.append("write")
            return super().put_if_absent(key, data)

    store = Counting()
    for _ in range(3):
        daily.take(store, 100, MORNING)
    assert store.calls == ["list", "write"] * 3


def test_without_a_bound_nothing_is_written() -> None:
    store = MemoryStore()
    daily.take(store, 0)
    assert list(store.list("")) == []


def test_the_refusal_is_a_429_with_words_and_the_seconds_to_midnight() -> None:
    store = MemoryStore()
    daily.take(store, 1, EVENING)
    with pytest.raises(BusyError) as refused:
        daily.take(store, 1, EVENING)
    problem = problems.of(refused.value)
    assert (problem.status, problem.slug, problem.retry_after) == (429, "quota-exceeded", 1801)


def test_a_finished_story_is_served_when_the_day_is_full_and_a_new_one_is_refused() -> None:
    app = fake_app(MemoryStore())
    stories = OnDemand(app, InProcess(app), per_day=1)
    first = stories.accept(StoryOrder(context="a shy snail", variant=1))
    stories.finish(first, 60)
    assert stories.begin(first)
    second = stories.accept(StoryOrder(context="a shy snail", variant=2))
    with pytest.raises(BusyError):
        stories.begin(second)
    with pytest.raises(BusyError):
        stories.finish(second, 60)
