"""The money that a run may still spend, over all its tasks."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from pipeline.batch.metering import Metered
from pipeline.batch.runs import ChunkRecord, Run
from pipeline.storage import ledger
from pipeline.storage.ledger import Payment
from pipeline.types import Usage

# The other tasks' records are read again after so long; they are kept every two seconds.
_FRESH_SECONDS = 5.0


def dollars(paid: Iterable[Payment]) -> float:
    """US dollars by the price table; an engine that is not in it counts as free."""
    return sum(row.dollars or 0.0 for row in ledger.rows(paid, ledger.price_table()))


def total(*accounts: Iterable[Payment]) -> tuple[Payment, ...]:
    """One row for each verb, purpose and engine."""
    sums: dict[tuple[str, str, str], Usage] = defaultdict(Usage)
    for payment in chain(*accounts):
        sums[payment.verb, payment.of, payment.engine] += payment.usage
    return tuple(Payment(*name, usage) for name, usage in sorted(sums.items()))


@dataclass(slots=True)
class Budget:
    """A task's view of its run's budget. limit: US dollars, None for no bound. record: of earlier attempts.

    Editions in progress when the limit is reached are finished: a run may exceed it by their cost.
    """

    run: Run
    record: ChunkRecord
    limit: float | None
    meter: Metered
    _elsewhere: float = 0.0
    _read_at: float = float("-inf")

    def paid(self) -> tuple[Payment, ...]:
        """By this task, in all its attempts."""
        return total(self.record.paid, self.meter.paid())

    def is_spent(self) -> bool:
        if self.limit is None:
            return False
        if time.monotonic() - self._read_at > _FRESH_SECONDS:
            own = self.record.stage, self.record.number
            others = (other for other in self.run.records() if (other.stage, other.number) != own)
            self._elsewhere = dollars(row for other in others for row in other.paid)
            self._read_at = time.monotonic()
        return self._elsewhere + dollars(self.paid()) >= self.limit
