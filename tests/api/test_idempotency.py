from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.api import idempotency
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import RequestError
from pipeline.storage import keys

DAY = 24 * 3600.0
SENT = {"context": "a shy snail", "locale": "en", "variant": None}


def test_the_first_of_64_equal_requests_decides(tmp_path: Path) -> None:
    store, together = FileStore(tmp_path), threading.Barrier(64)

    def ask(_: int) -> int:
        together.wait(timeout=30)
        return idempotency.variant(store, "me", "tap", SENT)

    with ThreadPoolExecutor(64) as pool:
        assert len(set(pool.map(ask, range(64)))) == 1


def test_a_variant_that_is_named_is_kept() -> None:
    store = MemoryStore()
    assert idempotency.variant(store, "me", "tap", {**SENT, "variant": 0}) == 0
    with pytest.raises(RequestError) as caught:
        idempotency.variant(store, "me", "tap", {**SENT, "variant": 1})
    assert caught.value.problem == "key-reused"


def test_callers_and_keys_that_read_alike_side_by_side_are_apart() -> None:
    store = MemoryStore()
    told = {
        idempotency.variant(store, caller, key, SENT)
        for caller, key in [("a", "bc"), ("ab", "c"), ("", "abc")]
    }
    assert len(told) == 3


def test_a_key_lies_nowhere_as_it_was_sent() -> None:
    store = MemoryStore()
    idempotency.variant(store, "203.0.113.7", "../../secret", SENT)
    (kept,) = store.list("")
    assert kept.startswith("idempotency/")
    assert "secret" not in kept
    assert b"203.0.113.7" not in store.get(kept)
    assert b"snail" not in store.get(kept)


def test_after_a_day_a_key_is_free_and_lives_a_day_again() -> None:
    store = MemoryStore()
    first = idempotency.variant(store, "me", "tap", SENT, lambda: 0.0)
    assert idempotency.variant(store, "me", "tap", SENT, lambda: DAY - 1) == first
    second = idempotency.variant(store, "me", "tap", SENT, lambda: DAY)
    assert second != first
    assert idempotency.variant(store, "me", "tap", SENT, lambda: 2 * DAY - 1) == second


@pytest.mark.parametrize("data", [b"", b"{", b"null", b'{"sent": 1}', b"\xff"])
def test_a_damaged_record_is_written_anew(data: bytes) -> None:
    store = MemoryStore()
    store.put(keys.idempotency("me", "tap"), data)
    told = idempotency.variant(store, "me", "tap", SENT)
    assert idempotency.variant(store, "me", "tap", SENT) == told


def test_a_drawn_variant_is_a_number_that_javascript_holds() -> None:
    drawn = {idempotency.draw() for _ in range(200)}
    assert len(drawn) == 200
    assert all(0 <= one <= 2**53 - 1 for one in drawn)
