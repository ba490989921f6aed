from __future__ import annotations

import json
import time

import pytest

from pipeline.engines.fake import MemoryStore
from pipeline.errors import EngineError, NotFoundError, ThrottledError
from pipeline.ports import Store
from pipeline.steps import status
from pipeline.steps.status import Status
from pipeline.steps.status_progress import StatusProgress
from pipeline.storage import keys
from pipeline.storage.locks import Locks
from pipeline.types import Early, Narration

KEY = ("4f1c", "fr")


@pytest.fixture
def store() -> Store:
    return MemoryStore()


def test_unknown_story_has_no_status(store: Store) -> None:
    with pytest.raises(NotFoundError):
        status.read(store, *KEY)
    assert not status.is_live(store, *KEY)


def test_queued_status_is_live_until_it_expires(store: Store) -> None:
    status.write(store, *KEY, Status(status.QUEUED, expires_at=100.0))
    assert status.read(store, *KEY, clock=lambda: 99.9).state == "queued"
    assert status.is_live(store, *KEY, clock=lambda: 99.9)
    expired = status.read(store, *KEY, clock=lambda: 100.0)
    assert (expired.state, expired.problem, expired.kind) == ("failed", "interrupted", "UnavailableError")
    assert not status.is_live(store, *KEY, clock=lambda: 100.0)


def test_expired_status_keeps_its_progress(store: Store) -> None:
    status.write(store, *KEY, Status(status.SPEAKING, 0.0, done=3, total=10))
    current = status.read(store, *KEY)
    assert (current.done, current.total) == (3, 10)


def test_failure_does_not_expire(store: Store) -> None:
    status.fail(store, *KEY, ThrottledError("slow down"))
    current = status.read(store, *KEY, clock=lambda: 1e12)
    assert (current.state, current.problem, current.kind) == ("failed", "throttled", "ThrottledError")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"null",
        b'{"state": "queued"}',
        b'{"x": 1}',
        b"\xff",
        b"[" * 100_000,
        b'{"state": "queued", "expires_at": Infinity}',
        b'{"state": "queued", "expires_at": NaN}',
        b'{"state": "queued", "expires_at": 1e300}',
        b'{"state": "queued", "expires_at": "tomorrow"}',
        b'{"state": "dreaming", "expires_at": 4e9}',
        b'{"state": "queued", "expires_at": 4e9, "maker": "../../x"}',
        b'{"state": "queued", "expires_at": 4e9, "maker": 7}',
    ],
)
def test_damaged_status_reads_as_failed(store: Store, data: bytes) -> None:
    store.put(keys.status(*KEY), data)
    assert status.read(store, *KEY, locks=Locks(store)).state == "failed"
    assert not status.is_live(store, *KEY, locks=Locks(store))
    assert not status.has_failed(store, *KEY)  # nobody says why: it is made again


def test_each_step_has_its_state_and_each_write_renews_the_expiry(store: Store) -> None:
    now = 1000.0
    states = []
    reporting = StatusProgress(store, *KEY, clock=lambda: now)
    narration = Narration(b"", "audio/wav", 1000, ())
    for name in ("write", "judge", "translate", "speak", "store"):
        now += 5
        with reporting.step(name, 10, "unit") as advance:
            stored = json.loads(store.get(keys.status(*KEY)))
            states.append(stored["state"])
            assert (stored["done"], stored["total"], stored["expires_at"]) == (0, 10, now + 300)
            now += 5
            if name == "speak":
                reporting.spoke(2, narration)
            else:
                advance(3)
            stored = json.loads(store.get(keys.status(*KEY)))
            assert (stored["done"], stored["expires_at"]) == (3, now + 300)
    assert states == ["writing", "writing", "translating", "speaking", "speaking"]


def test_fast_progress_is_written_once_a_second() -> None:
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


def test_each_sentence_is_reported_and_the_store_written_once_a_second() -> None:
    reports: list[tuple[str, int, int]] = []

    class Reports:
        def changed(self, story_id: str, edition: str, state: str, done: int = 0, total: int = 0) -> None:
            assert (story_id, edition) == KEY
            reports.append((state, done, total))

    store, now = MemoryStore(), 0.0
    reporting = StatusProgress(store, *KEY, clock=lambda: now, changes=Reports())
    now = 5.0
    with reporting.step("translate", 11, "sentence") as advance:
        for _ in range(10):
            advance(1)
    assert reports == [("translating", done, 11) for done in range(11)]
    assert status.read(store, *KEY, clock=lambda: now).done == 0


def test_an_edition_is_spoken_from_its_first_sentence_on_also_while_it_is_translated() -> None:
    reports: list[tuple[str, int, int]] = []

    class Reports:
        def changed(self, story_id: str, edition: str, state: str, done: int = 0, total: int = 0) -> None:
            reports.append((state, done, total))

    store, narration = MemoryStore(), Narration(b"", "audio/wav", 1000, ())
    reporting = StatusProgress(store, *KEY, clock=lambda: 5.0, changes=Reports())
    with reporting.step("translate", 4, "sentence") as advance:
        advance(2)
        reporting.spoke(0, narration)
        assert status.read(store, *KEY, clock=lambda: 5.0).state == status.SPEAKING
        advance(2)
    with reporting.step("speak", 3, "sentence") as advance:
        advance(1)
        for number in (1, 2):
            reporting.spoke(number, narration)
            advance(1)
    translating = [("translating", 0, 4), ("translating", 2, 4)]
    assert reports == [*translating, *(("speaking", done, 3) for done in (1, 2, 3))]


def test_a_story_is_written_while_its_first_scene_is_spoken() -> None:
    store, narration = MemoryStore(), Narration(b"", "audio/wav", 400, ())
    reporting = StatusProgress(store, *KEY, clock=lambda: 5.0)
    with reporting.step("write", 120, "token") as advance:
        advance(7)
        reporting.spoke(0, narration)
        written = status.read(store, *KEY, clock=lambda: 5.0)
        assert (written.state, written.done, written.total) == (status.WRITING, 7, 120)
    with reporting.step("speak", 3, "sentence"):  # the count goes on where it was
        assert status.read(store, *KEY, clock=lambda: 5.0).done == 1


def test_a_status_is_live_while_its_maker_holds_its_claim(store: Store) -> None:
    now, maker = [1000.0], "a" * 32
    locks = Locks(store, clock=lambda: now[0])
    status.write(store, *KEY, Status(status.SPEAKING, 1e9, 3, 10, maker=maker))

    def is_live(**own: str) -> bool:
        return status.is_live(store, *KEY, clock=lambda: now[0], locks=locks, **own)

    assert not is_live()
    with locks.held(keys.maker(maker)):
        assert is_live()
        assert not is_live(own=maker)  # it knows better what it has in hand
        assert is_live(own="b" * 32)
        assert status.read(store, *KEY, clock=lambda: now[0], locks=locks).state == status.SPEAKING
        now[0] += 61  # it is stopped, or its machine is
        assert not is_live()
        assert status.read(store, *KEY, clock=lambda: now[0], locks=locks).state == status.QUEUED
    now[0] -= 61
    assert not is_live()


def test_what_may_be_read_travels_in_the_status_until_it_fails(store: Store) -> None:
    reporting, early = StatusProgress(store, *KEY, clock=lambda: 5.0), Early("fr", "", "Pip", ("Un.",))
    with reporting.step("translate", 3, "sentence"):
        reporting.show(early)
        assert status.read(store, *KEY, clock=lambda: 5.0).early == early
    status.fail(store, *KEY, EngineError("no"))
    assert status.read(store, *KEY).early is None


@pytest.mark.parametrize(
    "early",
    [
        {},
        [],
        "x",
        {"locale": "fr"},
        {"locale": "fr", "hero": 1, "title": "", "sentences": []},
        {"locale": "fr", "hero": "", "title": "", "sentences": [1]},
        {"locale": "fr", "sentences": 7},
        {"locale": "en", "sentences": [], "passed": "2"},
    ],
)
def test_a_status_with_something_else_to_read_is_damaged(store: Store, early: object) -> None:
    fields = {"state": "writing", "expires_at": time.time() + 60, "early": early}
    store.put(keys.status(*KEY), json.dumps(fields).encode())
    assert status.read(store, *KEY).state == status.FAILED
