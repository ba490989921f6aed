"""Claims as a stranger, a damaged disk or another clock may leave them: they hold up nobody."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import UnavailableError
from pipeline.ports import Store
from pipeline.storage import claims, keys
from pipeline.storage.claims import this_machine
from pipeline.storage.locks import Locks

NAME = "stories/1/story.json"
NOW = 1_000_000.0


def locks(store: Store) -> Locks:
    """With claims of 60 s, which never waits for another owner."""
    return Locks(store, seconds=60, patience=-1, machine=this_machine(), clock=lambda: NOW)


def make(store: Store) -> str:
    """Raises UnavailableError where a claim holds."""
    return locks(store).once(NAME, lambda: store.get("made").decode(), lambda: "made now")


def claim(**changed: Any) -> bytes:
    """Of a living owner, but for what is changed. As JSON with Python's NaN and Infinity."""
    alive = {"owner": "a", "process": f"{this_machine()} {os.getpid()}", "until": NOW + 30}
    return json.dumps({**alive, **changed}).encode()


def test_the_claim_of_a_living_owner_holds() -> None:
    store = MemoryStore()
    store.put(keys.claim(NAME, 1), claim())
    with pytest.raises(UnavailableError):
        make(store)


@pytest.mark.parametrize(
    "pid", ["abc", "1" + "0" * 30, "0", "-1", "", "1.5", "²", "٣", "2147483648", "9999999999"]
)
def test_a_process_that_cannot_be_is_no_owner(pid: str) -> None:
    store = MemoryStore()
    store.put(keys.claim(NAME, 1), claim(process=f"{this_machine()} {pid}"))
    assert make(store) == "made now"


@pytest.mark.parametrize(
    "until",
    [
        math.inf,
        -math.inf,
        math.nan,
        NOW + 3600,
        NOW + 121,
        1e308,
        10**400,
        -1,
        "x",
        str(NOW + 30),
        None,
        [],
        {},
    ],
)
def test_an_end_that_no_owner_wrote_is_not_believed(until: Any) -> None:
    store = MemoryStore()
    store.put(keys.claim(NAME, 1), claim(until=until))
    assert make(store) == "made now"


def test_the_claim_of_a_machine_whose_clock_is_a_minute_ahead_holds() -> None:
    store = MemoryStore()
    store.put(keys.claim(NAME, 1), claim(process="", until=NOW + 119))
    with pytest.raises(UnavailableError):
        make(store)


@pytest.mark.parametrize(
    "data",
    [
        claim(owner=1),
        claim(owner=None),
        claim(process=7),
        claim(process=["a"]),
        b"[]",
        b'"owner"',
        b"7",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"owner": "a", "process": "", "until": ' + b"9" * 5000 + b"}",
        b"\x00" * 100,
    ],
)
def test_a_claim_of_another_shape_is_nobodys(data: bytes) -> None:
    store = MemoryStore()
    store.put(keys.claim(NAME, 1), data)
    assert make(store) == "made now"


@pytest.mark.parametrize(
    "stray",
    ["note.txt", "00000001.bak", "00000007", "99999999", "9" * 200, "0000001", "1", "a/00000001", "٠٠٠٠٠٠٠١"],
)
@pytest.mark.parametrize("beside", [0, 2])
def test_a_stray_file_neither_holds_nor_breaks_the_row(tmp_path: Path, stray: str, beside: int) -> None:
    """Also for those who come later: each has the next number."""
    store = FileStore(tmp_path)
    for number in range(beside):
        store.put(keys.claim(NAME, number + 1), claim(until=0))
    store.put(keys.claims(NAME) + stray, claim())
    for number in range(3):
        assert make(store) == "made now"
        newest = claims.last(store, NAME, NOW + 60)
        assert newest
        assert (newest.number, newest.until) == (beside + number + 1, 0)


def test_a_folder_in_the_place_of_a_claim_holds_up_nobody(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put(keys.claim(NAME, 1) + "/inside", b"")
    assert make(store) == "made now"


def test_claims_of_two_machines_an_hour_apart_hold_up_neither() -> None:
    """Both may make it, and the first result is everybody's (tests/steps/test_run.py)."""
    for difference in (3600.0, -3600.0):
        store = MemoryStore()
        ahead = Locks(store, patience=-1, machine="another", clock=lambda d=difference: NOW + d)  # type: ignore[misc]
        with ahead.held(NAME) as is_ours:
            assert is_ours
            assert make(store) == "made now"
