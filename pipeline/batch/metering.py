"""A store that adds up the usage of every engine call as its result is cached."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pipeline.ports import Store
from pipeline.storage.ledger import Payment, payment
from pipeline.types import Usage


@dataclass(slots=True)
class Metered:
    """Wraps any store. A cached result that is only read costs nothing, and is not counted."""

    inner: Store
    _sums: dict[tuple[str, str, str], Usage] = field(default_factory=lambda: defaultdict(Usage))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def paid(self) -> tuple[Payment, ...]:
        """Since the last start(), one row for each verb, purpose and engine."""
        with self._lock:
            return tuple(Payment(*name, usage) for name, usage in sorted(self._sums.items()))

    def start(self) -> None:
        """Sets all counts to zero, for a new task."""
        with self._lock:
            self._sums.clear()

    def get(self, key: str) -> bytes:
        return self.inner.get(key)

    def head(self, key: str, size: int) -> bytes:
        return self.inner.head(key, size)

    def put(self, key: str, data: bytes) -> None:
        self.inner.put(key, data)
        self._count(key, data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        # Of two callers of the same engine call both have paid, also the one whose result is not kept.
        self._count(key, data)
        return self.inner.put_if_absent(key, data)

    def delete(self, keys: Iterable[str]) -> None:
        self.inner.delete(keys)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        return self.inner.list(prefix, after)

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        return self.inner.url(key, expires_in, filename)

    def _count(self, key: str, data: bytes) -> None:
        if call := payment(key, data):
            with self._lock:
                self._sums[call.verb, call.of, call.engine] += call.usage
