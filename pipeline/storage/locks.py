"""Locks across threads, processes and hosts, by a store's conditional put alone.

A lock is a row of claims, claims/<name>/<number>: its owner, and when it expires unless it is renewed. A
store can neither compare and swap nor delete, so an expired claim is not replaced: the first writer of the
next number has the lock. Only the owner writes its own number again, to renew and to release it.

A lock saves money, it does not guard truth: results are committed by put_if_absent, so an owner that was
taken for dead and comes back loses the race and nothing else.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.errors import NotFoundError, StoriesError, UnavailableError
from pipeline.ports import Store, ignore
from pipeline.storage import keys
from pipeline.storage.digest import canonical

Result = TypeVar("Result")
# Hosts that keep time by NTP differ by well under a second; a claim is renewed three times in its life.
_SECONDS = 60.0
_RENEWALS = 3
# A story with three drafts by a slow model takes some minutes; an owner that still renews by then is stuck.
_PATIENCE = 1800.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """owner: unique to this claim. process: "machine pid", "" where it cannot be looked up. until: epoch
    seconds.
    """

    number: int
    owner: str
    process: str
    until: float


@dataclass(frozen=True, slots=True)
class Locks:
    """seconds: how long a claim holds without being renewed. patience: seconds to wait for another owner.

    machine: names the set of processes in which a pid means one process (this_machine()); a claim of a
    process that has ended there is taken over at once. "" leaves that to the expiry.
    """

    store: Store
    seconds: float = _SECONDS
    machine: str = ""
    patience: float = _PATIENCE
    clock: Callable[[], float] = time.time

    def once(
        self,
        name: str,
        read: Callable[[], Result],
        make: Callable[[], Result],
        waiting: Callable[[str], None] = ignore,
        *,
        release: bool = True,
    ) -> Result:
        """What `read` returns; where it raises NotFoundError, what `make` returns: one owner at a time
        calls `make`.

        A waiter reads again when the owner is done, and calls `make` itself where the owner failed. waiting:
        called once, with a sentence for a person, when another owner is at work. release=False saves
        a request to a bucket: the lock on a result that is never deleted may expire by itself. Raises
        UnavailableError "busy": nothing came within the patience; and whatever `make` raises.
        """
        pause, deadline = _FIRST_PAUSE, time.monotonic() + self.patience
        while True:
            with suppress(NotFoundError):
                return read()
            with self._attempt(name, release) as won:
                if won:
                    return _read_or_make(read, make)
            if pause == _FIRST_PAUSE:
                waiting("another process is making this already: waiting for it")
            if time.monotonic() > deadline:
                raise UnavailableError("another process has been making this for too long", problem="busy")
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    @contextmanager
    def _attempt(self, name: str, release: bool) -> Iterator[bool]:
        """Whether the lock is ours while the context lasts."""
        mine = self._won(name)
        if mine is None:
            yield False
            return
        over = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(name, mine, over), daemon=True)
        renewing.start()
        failed = True
        try:
            yield True
            failed = False
        finally:
            over.set()
            renewing.join()
            if failed or release or self.machine:
                with suppress(StoriesError):  # it expires by itself
                    self._write(name, mine, until=0)

    def _won(self, name: str) -> Claim | None:
        last = self._last(name)
        if last and self._holds(last):
            return None
        process = f"{self.machine} {os.getpid()}" if self.machine else ""
        number = last.number + 1 if last else 1
        mine = Claim(number, uuid.uuid4().hex, process, self.clock() + self.seconds)
        key, data = keys.claim(name, number), _dump(mine)
        # A store may answer False for our own write whose first answer was lost: compare the bytes.
        return mine if self.store.put_if_absent(key, data) or self.store.get(key) == data else None

    def _holds(self, claim: Claim) -> bool:
        return claim.until > self.clock() and not self._gone(claim)

    def _gone(self, claim: Claim) -> bool:
        machine, _, pid = claim.process.rpartition(" ")
        return bool(self.machine) and machine == self.machine and not _is_running(int(pid))

    def _last(self, name: str) -> Claim | None:
        key = max(self.store.list(keys.claims(name)), default=None)
        return _load(key, self.store.get(key)) if key else None

    def _renew(self, name: str, mine: Claim, over: threading.Event) -> None:
        while not over.wait(self.seconds / _RENEWALS):
            with suppress(StoriesError):  # another try before it runs out
                self._write(name, mine, until=self.clock() + self.seconds)

    def _write(self, name: str, mine: Claim, until: float) -> None:
        self.store.put(
            keys.claim(name, mine.number), _dump(Claim(mine.number, mine.owner, mine.process, until))
        )


def this_machine() -> str:
    """The running kernel and its process namespace; "" where there is no /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _read_or_make(read: Callable[[], Result], make: Callable[[], Result]) -> Result:
    """Another owner may have committed between the first read and the claim."""
    with suppress(NotFoundError):
        return read()
    return make()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _dump(claim: Claim) -> bytes:
    return canonical({"owner": claim.owner, "process": claim.process, "until": claim.until})


def _load(key: str, data: bytes) -> Claim:
    """A damaged claim counts as expired."""
    number = int(key.rsplit("/", 1)[1])
    try:
        body = json.loads(data)
        return Claim(number, str(body["owner"]), str(body["process"]), float(body["until"]))
    except (ValueError, TypeError, KeyError):
        return Claim(number, "", "", 0)
