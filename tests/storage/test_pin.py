from __future__ import annotations

import pytest

from pipeline.engines.fake import MemoryStore
from pipeline.errors import DamagedError, RequestError
from pipeline.storage import pin


def test_only_the_pin_that_was_chosen_last_matches_until_it_is_cleared() -> None:
    store = MemoryStore()
    assert not pin.is_set(store)
    pin.choose(store, "2580")
    pin.choose(store, "00417923")
    assert pin.is_set(store)
    assert pin.matches(store, "00417923")
    for wrong in ("2580", "0417923", "00417923 ", "", "é\ud800"):
        assert not pin.matches(store, wrong)
    pin.clear(store)
    assert not pin.is_set(store)
    with pytest.raises(RequestError) as caught:
        pin.matches(store, "00417923")
    assert caught.value.problem == "no-pin"


def test_the_store_holds_neither_the_pin_nor_the_same_hash_twice() -> None:
    first, second = MemoryStore(), MemoryStore()
    for store in (first, second):
        pin.choose(store, "2580")
    assert b"2580" not in first.get(pin.KEY)
    assert first.get(pin.KEY) != second.get(pin.KEY)
    assert pin.KEY == "server/pin.json"  # which a store of files gives to its owner alone


@pytest.mark.parametrize("wrong", ["", "123", "123456789", "12a4", "١٢٣٤", "12 4", "-123"])
def test_a_pin_is_four_to_eight_digits(wrong: str) -> None:
    with pytest.raises(RequestError, match="4 to 8 digits"):
        pin.choose(MemoryStore(), wrong)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"salt": "a"}', b"\xff"])
def test_nothing_matches_a_damaged_pin(data: bytes) -> None:
    store = MemoryStore()
    store.put(pin.KEY, data)
    assert pin.is_set(store)
    with pytest.raises(DamagedError):
        pin.matches(store, "2580")
