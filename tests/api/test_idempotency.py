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


@pytest.mark.parametrize("data", [b"", b"{", b"null", b'{"sent": 1}', b"\xff"])
def test_a_damaged_record_is_overwritten(data: bytes) -> None:
    store = MemoryStore()
    store.put(keys.idempotency("me", "tap"), data)
    response = idempotency.variant(store, "me", "tap", SENT)
    assert idempotency.variant(store, "me", "tap", SENT) == response


def test_a_drawn_variant_fits_a_javascript_number() -> None:
    drawn = {idempotency.draw() for _ in range(200)}
    assert len(drawn) == 200
    assert all(0 <= variant < 2**53 for variant in drawn)
