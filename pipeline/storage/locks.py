"""Locks across threads, processes and hosts, by a store's conditional put alone.

A lock is a row of claims (claims.py): its owner, and when it expires unless it is renewed. A store cannot
compare and swap, so an expired claim is not replaced: the first writer of the next number has the lock. Only
the owner writes its own number again, to renew and to release it.

A lock saves money, it does not guard truth: results are committed by put_if_absent, so an owner that was
taken for dead and comes back loses the race and nothing else. The same holds for two machines whose clocks
differ by more than a claim's life: neither waits for the other.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.errors import NotFoundError, StoriesError, UnavailableError
from pipeline.ports import Store, ignore
from pipeline.storage import claims, keys
from pipeline.storage.claims import Claim

Result = TypeVar("Result")
# Hosts that keep time by NTP differ by well under a second; a claim is renewed three times in its life.
_SECONDS = 60.0
_RENEWALS = 3
# By how much two machines' clocks may differ: a claim beyond its life and this is nobody's, or damaged.
_CLOCKS = 60.0
# A story with three drafts by a slow model takes some minutes; an owner that still renews by then is stuck.
_PATIENCE = 1800.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


@dataclass(frozen=True, slots=True)
class Locks:
    """seconds: how long a claim holds without being renewed. patience: seconds to wait for another owner.

    machine: names the set of processes in which a pid means one process (claims.this_machine()); a claim of
    a process that has ended there is taken over at once. "" leaves that to the expiry.
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
            with self.held(name, release) as won:
                if won:
                    return _read_or_make(read, make)
            if pause == _FIRST_PAUSE:
                waiting("another process is making this already: waiting for it")
            if time.monotonic() > deadline:
                raise UnavailableError("another process has been making this for too long", problem="busy")
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    @contextmanager
    def held(self, name: str, release: bool = True) -> Iterator[bool]:
        """Whether the lock is ours while the context lasts. release: as in once()."""
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

    def last(self, name: str) -> Claim | None:
        """The newest claim, of an owner that holds it or has ended; None where there is none."""
        return claims.last(self.store, name, self.clock() + self.seconds + _CLOCKS)

    def holds(self, claim: Claim) -> bool:
        return claim.until > self.clock() and not claims.has_ended(claim, self.machine)

    def is_held(self, name: str) -> bool:
        last = self.last(name)
        return last is not None and self.holds(last)

    def _won(self, name: str) -> Claim | None:
        last = self.last(name)
        if last and self.holds(last):
            return None
        process = f"{self.machine} {os.getpid()}" if self.machine else ""
        number = last.number + 1 if last else 1
        mine = Claim(number, uuid.uuid4().hex, process, self.clock() + self.seconds)
        key, data = keys.claim(name, number), claims.dump(mine)
        if self.store.put_if_absent(key, data):
            return mine
        # A store may answer False for our own write whose first answer was lost: compare the bytes. What
        # cannot be read, as a folder of that name, is nobody's.
        with suppress(NotFoundError):
            return mine if self.store.get(key) == data else None
        return mine

    def _renew(self, name: str, mine: Claim, over: threading.Event) -> None:
        while not over.wait(self.seconds / _RENEWALS):
            with suppress(StoriesError):  # another try before it runs out
                self._write(name, mine, until=self.clock() + self.seconds)

    def _write(self, name: str, mine: Claim, until: float) -> None:
        self.store.put(keys.claim(name, mine.number), claims.dump(replace(mine, until=until)))


def _read_or_make(read: Callable[[], Result], make: Callable[[], Result]) -> Result:
    """Another owner may have committed between the first read and the claim."""
    with suppress(NotFoundError):
        return read()
    return make()
