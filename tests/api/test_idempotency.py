from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.api import idempotency
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import RequestError
from pipeline.storage import keys
from tests.api.servers import serving
from tests.command import Stories

DAY = 24 * 3600.0
SENT = {"context": "a shy snail", "locale": "en", "variant": None}
# Records that a key may have before many equal requests come, as the first versions wrote them.
EXPIRED = b'{"sent":"","until":1000.0,"variant":7}'
STATES = {"new": None, "expired": EXPIRED, "damaged": EXPIRED[:20]}


@pytest.mark.parametrize("state", STATES)
def test_the_first_of_64_equal_requests_decides(state: str, tmp_path: Path) -> None:
    store, together = FileStore(tmp_path), threading.Barrier(64)
    if record := STATES[state]:
        store.put(keys.idempotency("me", "tap"), record)

    def ask(_: int) -> int:
        together.wait(timeout=120)
        return idempotency.variant(store, "me", "tap", SENT)

    with ThreadPoolExecutor(64) as pool:
        (variant,) = set(pool.map(ask, range(64)))
    assert idempotency.variant(store, "me", "tap", SENT) == variant


def test_equal_requests_to_two_servers_are_one_story_a_key(stories: Stories) -> None:
    taps = [(f"{state} {number}", record) for state, record in STATES.items() for number in range(3)]
    for tap, record in taps:
        if record:
            FileStore(stories.out).put(keys.idempotency("127.0.0.1", tap), record)
    body = {"context": "a shy snail", "locale": "en"}
    with serving(stories, count=2) as servers, ThreadPoolExecutor(12) as pool:
        for tap, _ in taps:
            together = threading.Barrier(12)

            def post(number: int, tap: str = tap, together: threading.Barrier = together) -> str:
                together.wait(timeout=120)
                response = servers[number % 2]("POST", "/stories", body, headers={"Idempotency-Key": tap})
                assert response.status in (200, 202)
                return str(response.json["id"])

            assert len(set(pool.map(post, range(12)))) == 1


class Overtaken(MemoryStore):
    """Another caller's whole request runs just before the first write of this one."""

    def __init__(self) -> None:
        super().__init__()
        self.other: Callable[[], Any] | None = None

    def put(self, key: str, data: bytes) -> None:
        self._overtake()
        super().put(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        self._overtake()
        return super().put_if_absent(key, data)

    def _overtake(self) -> None:
        if other := self.other:
            self.other = None
            other()


@pytest.mark.parametrize("state", STATES)
def test_an_overtaken_request_means_the_others_story(state: str) -> None:
    store, answers = Overtaken(), []
    if record := STATES[state]:
        store.put(keys.idempotency("me", "tap"), record)
    store.other = lambda: answers.append(idempotency.variant(store, "me", "tap", SENT))
    answers.append(idempotency.variant(store, "me", "tap", SENT))
    assert len(answers) == 2
    assert len(set(answers)) == 1


def test_a_later_record_counts_when_a_bucket_has_deleted_the_first() -> None:
    full, clock = MemoryStore(), lambda: 2000.0
    full.put(keys.idempotency("me", "tap"), EXPIRED)
    variant = idempotency.variant(full, "me", "tap", SENT, clock)
    store = MemoryStore()
    for key in full.list(""):
        if key != keys.idempotency("me", "tap"):
            store.put(key, full.get(key))
    assert idempotency.variant(store, "me", "tap", SENT, clock) == variant


def test_an_explicit_variant_is_kept() -> None:
    store = MemoryStore()
    assert idempotency.variant(store, "me", "tap", {**SENT, "variant": 0}) == 0
    with pytest.raises(RequestError) as caught:
        idempotency.variant(store, "me", "tap", {**SENT, "variant": 1})
    assert caught.value.problem == "key-reused"


def test_callers_and_keys_do_not_run_together() -> None:
    store = MemoryStore()
    response = {
        idempotency.variant(store, caller, key, SENT)
        for caller, key in [("a", "bc"), ("ab", "c"), ("", "abc")]
    }
    assert len(response) == 3


def test_the_store_holds_no_key_caller_or_idea_in_clear() -> None:
    store = MemoryStore()
    idempotency.variant(store, "203.0.113.7", "../../secret", SENT)
    (kept,) = store.list("")
    assert kept.startswith("idempotency/")
    assert "secret" not in kept
    assert b"203.0.113.7" not in store.get(kept)
    assert b"snail" not in store.get(kept)


def test_a_key_expires_after_a_day() -> None:
    store = MemoryStore()
    first = idempotency.variant(store, "me", "tap", SENT, lambda: 0.0)
    assert idempotency.variant(store, "me", "tap", SENT, lambda: DAY - 1) == first
    second = idempotency.variant(store, "me", "tap", SENT, lambda: DAY)
    assert second != first
    assert idempotency.variant(store, "me", "tap", SENT, lambda: 2 * DAY - 1) == second


def record(**changed: Any) -> bytes:
    return json.dumps({"sent": "", "variant": 7, "until": time.time() + DAY / 2, **changed}).encode()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"null", b'{"sent": 1}', b"\xff", b"[" * 100_000),
        *(record(until=until) for until in (float("inf"), float("nan"), 1e300, 10**400, "1e12", None)),
        *(record(variant=variant) for variant in (-1, 2**53, 1e400, True, "7", None)),
        *(record(sent=7), record(more=1)),
    ],
    ids=range(20),
)
def test_a_damaged_record_is_replaced_and_named(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    store.put(keys.idempotency("me", "tap"), data)
    for name in ("x", "1", "00000001", "9" * 18, "9" * 5000):
        store.put(f"{keys.idempotencies('me', 'tap')}{name}", data)
    response = idempotency.variant(store, "me", "tap", SENT)
    assert idempotency.variant(store, "me", "tap", SENT) == response
    assert keys.idempotency("me", "tap") in caplog.text


def test_a_drawn_variant_fits_a_javascript_number() -> None:
    drawn = {idempotency.draw() for _ in range(200)}
    assert len(drawn) == 200
    assert all(0 <= variant < 2**53 for variant in drawn)
