"""Asking for a story apart from HTTP, and with somebody else at work on the same store."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.api.runner import InProcess
from pipeline.api.service import Ask, OnDemand
from pipeline.engines.fake import MemoryStore
from pipeline.errors import ContentRejectedError, NotFoundError, RequestError
from pipeline.steps import status
from pipeline.steps.committed import is_complete
from tests.api.calling import until
from tests.api.pausing import Gate, HeldText
from tests.making import fake_app


def on_demand(store: MemoryStore, gate: Gate | None = None) -> OnDemand:
    app = fake_app(store, text=HeldText(gate) if gate else None)
    return OnDemand(app, InProcess(app))


def test_what_is_refused_leaves_nothing_behind_and_spends_no_key() -> None:
    store = MemoryStore()
    stories = on_demand(store)
    for ask, kind in (
        (Ask("a snail", "tlh", key="tap"), RequestError),
        (Ask("<b>", key="tap"), RequestError),
        (Ask("a snail that kills", key="tap"), ContentRejectedError),
    ):
        with pytest.raises(kind):
            stories.accept(ask)
    assert list(store.list("")) == []
    assert stories.accept(Ask("a snail", key="tap"))


def test_a_story_that_another_server_makes_is_waited_for_not_made() -> None:
    store, gate = MemoryStore(), Gate()
    maker, other = on_demand(store, gate), on_demand(store)
    asked = maker.accept(Ask("a shy snail", variant=1))
    maker.begin(asked)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(other.finish, asked, 20)
        time.sleep(0.1)
        assert not waiting.done()
        gate.open()
        waiting.result(20)
    assert is_complete(other.app.store, asked.story_id, "en")
    assert not other.runner._threads  # type: ignore[attr-defined]


def test_waiting_for_another_server_ends_in_time() -> None:
    store, gate = MemoryStore(), Gate()
    maker, other = on_demand(store, gate), on_demand(store)
    asked = maker.accept(Ask("a shy snail", variant=1))
    maker.begin(asked)
    started = time.monotonic()
    other.finish(asked, 0.3)
    assert 0.3 <= time.monotonic() - started < 15
    gate.open()
    until(lambda: is_complete(maker.app.store, asked.story_id, "en"), bool)


def test_who_waits_for_another_server_is_let_go_when_this_one_ends() -> None:
    store, gate = MemoryStore(), Gate()
    maker, other = on_demand(store, gate), on_demand(store)
    asked = maker.accept(Ask("a shy snail", variant=1))
    maker.begin(asked)
    threading.Timer(0.2, other.stopping.set).start()
    started = time.monotonic()
    other.finish(asked, 30)
    assert time.monotonic() - started < 20
    gate.open()
    until(lambda: is_complete(maker.app.store, asked.story_id, "en"), bool)


def test_what_is_made_is_not_begun_again() -> None:
    stories = on_demand(MemoryStore())
    asked = stories.accept(Ask("a shy snail", variant=1))
    stories.finish(asked, 20)
    began = status.read(stories.app.store, asked.story_id, "en")
    stories.begin(asked)
    assert status.read(stories.app.store, asked.story_id, "en") == began


def test_another_language_is_of_the_same_story_and_variant() -> None:
    stories = on_demand(MemoryStore())
    asked = stories.accept(Ask("a shy snail", variant=7))
    again = stories.again(asked.story_id, "fr_CA")
    assert (again.story_id, again.locale, again.variant) == (asked.story_id, "fr", 7)
    with pytest.raises(NotFoundError):
        stories.again("0" * 32, "fr")
    with pytest.raises(RequestError):
        stories.again(asked.story_id, "tlh")
