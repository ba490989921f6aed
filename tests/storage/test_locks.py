from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import StoreError, UnavailableError
from pipeline.ports import Store
from pipeline.storage.claims import this_machine
from pipeline.storage.locks import Locks

NAME, KEY = "stories/1/story.json", "made"


@dataclass
class Work:
    """Makes `KEY` once in the store; counts how often it was made."""

    store: Store
    during: Callable[[], None] = lambda: None
    times: list[int] = field(default_factory=list)

    def read(self) -> bytes:
        return self.store.get(KEY)

    def make(self) -> bytes:
        self.times.append(1)
        self.during()
        self.store.put_if_absent(KEY, b"story")
        return self.read()

    def once(self, claims: Locks) -> bytes:
        return claims.once(NAME, self.read, self.make)


def leave_claim(claims: Locks) -> None:
    """As an owner that is killed at work: its claim stays as it was last written."""
    assert claims._won(NAME) is not None


def test_64_threads_call_make_once(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    together = threading.Barrier(64)
    work = Work(store, during=lambda: threading.Event().wait(0.05) and None)

    def make_once(_: int) -> bytes:
        together.wait(timeout=30)
        return work.once(Locks(store, machine=this_machine()))

    with ThreadPoolExecutor(64) as pool:
        assert set(pool.map(make_once, range(64))) == {b"story"}
    assert len(work.times) == 1


def test_existing_result_is_read_without_a_claim() -> None:
    store = MemoryStore()
    store.put(KEY, b"old")
    assert Work(store).once(Locks(store)) == b"old"
    assert not list(store.list("claims/"))


def test_failed_owner_releases_at_once() -> None:
    store = MemoryStore()

    def fail() -> None:
        raise StoreError("the disk is full")

    with pytest.raises(StoreError):
        Work(store, fail).once(Locks(store))
    second = Work(store)
    second.once(Locks(store, patience=0))
    assert len(second.times) == 1


def test_expired_claim_is_taken_over_and_a_live_claim_is_not() -> None:
    store, now = MemoryStore(), [1000.0]
    claims = Locks(store, seconds=60, patience=0, clock=lambda: now[0])
    leave_claim(claims)
    now[0] += 59
    with pytest.raises(UnavailableError) as busy:
        Work(store).once(claims)
    assert busy.value.problem == "busy"
    now[0] += 2
    assert Work(store).once(claims) == b"story"


class WatchedStore(MemoryStore):
    """renewed: set at each put, which is how a claim is renewed."""

    def __init__(self) -> None:
        super().__init__()
        self.renewed = threading.Event()

    def put(self, key: str, data: bytes) -> None:
        super().put(key, data)
        self.renewed.set()


def test_claim_is_renewed_during_long_work() -> None:
    """Three times the life of a claim, and no other owner takes it over."""
    store, now = WatchedStore(), [1000.0]
    claims = Locks(store, seconds=0.03, clock=lambda: now[0])
    intruder = Work(store)

    def others_try() -> None:
        for _ in range(9):
            store.renewed.clear()
            now[0] += 0.01
            assert store.renewed.wait(30)
            with pytest.raises(UnavailableError):
                intruder.once(replace(claims, patience=0))

    assert Work(store, others_try).once(claims) == b"story"
    assert not intruder.times


def test_claim_of_a_dead_process_is_taken_over_at_once() -> None:
    if not this_machine():
        pytest.fail("this platform has no /proc: the shortcut cannot be tested here")
    store = MemoryStore()
    claims = Locks(store, machine=this_machine(), patience=0)
    leave_claim(claims)
    with pytest.raises(UnavailableError):
        Work(store).once(claims)
    (key,) = store.list("claims/")
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True)
    claim = json.loads(store.get(key))
    store.put(key, json.dumps({**claim, "process": f"{this_machine()} {int(dead.stdout)}"}).encode())
    assert Work(store).once(claims) == b"story"


def test_claim_of_another_machine_holds_until_its_expiry() -> None:
    store = MemoryStore()
    leave_claim(Locks(store, machine="another"))
    (key,) = store.list("claims/")
    claim = json.loads(store.get(key))
    assert claim["process"] == f"another {os.getpid()}"
    store.put(key, json.dumps({**claim, "process": "another 999999"}).encode())
    with pytest.raises(UnavailableError):
        Work(store).once(Locks(store, machine=this_machine(), patience=0))


class LostAnswers(MemoryStore):
    """S3 after a lost response and a repeated request: the own write looks like another's."""

    def put_if_absent(self, key: str, data: bytes) -> bool:
        super().put_if_absent(key, data)
        return False


def test_claim_is_won_when_the_stores_response_was_lost() -> None:
    store = LostAnswers()
    assert Work(store).once(Locks(store, patience=0)) == b"story"


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b'{"owner": 1}', b'{"until": "x"}'])
def test_damaged_claim_is_taken_over(damage: bytes) -> None:
    store = MemoryStore()
    claims = Locks(store, patience=0)
    leave_claim(claims)
    (key,) = store.list("claims/")
    store.put(key, damage)
    assert Work(store).once(claims) == b"story"


def test_waiting_is_reported_once() -> None:
    store, notes = MemoryStore(), []
    ticks = itertools.count(1000.0, 0.2)
    claims = Locks(store, seconds=0.5, clock=lambda: next(ticks))
    leave_claim(claims)
    work = Work(store)
    assert claims.once(NAME, work.read, work.make, notes.append) == b"story"
    assert len(notes) == 1
    assert "another process" in notes[0]


def test_overtaken_owner_does_not_replace_the_committed_result() -> None:
    store = MemoryStore()

    def overtaken() -> None:
        store.put_if_absent(KEY, b"the other's")

    assert Work(store, overtaken).once(Locks(store)) == b"the other's"
