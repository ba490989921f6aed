from __future__ import annotations

import json

import pytest

from pipeline.engines.fake import MemoryStore
from pipeline.errors import NotFoundError, ThrottledError
from pipeline.ports import Store
from pipeline.steps import status
from pipeline.steps.status import Status, StatusProgress
from pipeline.storage import keys

KEY = ("4f1c", "fr")


@pytest.fixture
def store() -> Store:
    return MemoryStore()


def test_what_nobody_asked_for_has_no_status(store: Store) -> None:
    with pytest.raises(NotFoundError):
        status.read(store, *KEY)
    assert not status.is_live(store, *KEY)


def test_what_is_queued_is_live_until_it_expires(store: Store) -> None:
    status.write(store, *KEY, Status(status.QUEUED, expires_at=100.0))
    assert status.read(store, *KEY, clock=lambda: 99.9).state == "queued"
    assert status.is_live(store, *KEY, clock=lambda: 99.9)
    expired = status.read(store, *KEY, clock=lambda: 100.0)
    assert (expired.state, expired.problem, expired.kind) == ("failed", "interrupted", "UnavailableError")
    assert not status.is_live(store, *KEY, clock=lambda: 100.0)


def test_an_expired_one_still_tells_how_far_it_came(store: Store) -> None:
    status.write(store, *KEY, Status(status.SPEAKING, 0.0, done=3, total=10))
    told = status.read(store, *KEY)
    assert (told.done, told.total) == (3, 10)


def test_a_failure_does_not_expire_into_another(store: Store) -> None:
    status.fail(store, *KEY, ThrottledError("slow down"))
    told = status.read(store, *KEY, clock=lambda: 1e12)
    assert (told.state, told.problem, told.kind) == ("failed", "throttled", "ThrottledError")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"7", b"null", b'{"state": "queued"}', b'{"x": 1}', b"\xff"]
)
def test_a_damaged_one_reads_as_failed(store: Store, data: bytes) -> None:
    store.put(keys.status(*KEY), data)
    assert status.read(store, *KEY).state == "failed"


def test_each_step_has_its_word_and_the_time_runs_anew_with_each_sign_of_life(store: Store) -> None:
    now = 1000.0
    seen = []
    reporting = StatusProgress(store, *KEY, clock=lambda: now)
    for name in ("write", "judge", "translate", "speak", "store"):
        now += 5
        with reporting.step(name, 10, "unit") as advance:
            told = json.loads(store.get(keys.status(*KEY)))
            seen.append(told["state"])
            assert (told["done"], told["total"], told["expires_at"]) == (0, 10, now + 300)
            now += 5
            advance(3)
            told = json.loads(store.get(keys.status(*KEY)))
            assert (told["done"], told["expires_at"]) == (3, now + 300)
    assert seen == ["writing", "writing", "translating", "speaking", "speaking"]


def test_a_token_a_millisecond_is_not_a_write_a_token() -> None:
    class Counting(MemoryStore):
        puts = 0

        def put(self, key: str, data: bytes) -> None:
            self.puts += 1
            super().put(key, data)

    store, now = Counting(), 0.0
    reporting = StatusProgress(store, *KEY, clock=lambda: now)
    with reporting.step("write", 300, "token") as advance:
        for _ in range(3000):
            now += 0.001
            advance(1)
    assert store.puts <= 4  # the beginning, and one a second
    assert status.read(store, *KEY, clock=lambda: now).done >= 1900
