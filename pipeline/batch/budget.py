"""How much money a run may still spend, over all its tasks."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.batch.metering import Metered
from pipeline.batch.runs import ChunkRecord, Run
from pipeline.storage import ledger
from pipeline.storage.ledger import Payment
from pipeline.types import Usage

# What other tasks spent is read anew after so long: they keep their accounts every two seconds.
_FRESH_SECONDS = 5.0


def dollars(paid: Iterable[Payment]) -> float:
    """By the price table; an engine that is not in it costs nothing that we know of."""
    return sum(row.dollars or 0.0 for row in ledger.rows(paid, ledger.price_table()))


def total(*accounts: Iterable[Payment]) -> tuple[Payment, ...]:
    """One row for each verb, purpose and engine."""
    sums: dict[tuple[str, str, str], Usage] = {}
    for one in (one for account in accounts for one in account):
        named = (one.verb, one.of, one.engine)
        sums[named] = sums.get(named, Usage()) + one.usage
    return tuple(Payment(*named, usage) for named, usage in sorted(sums.items()))


@dataclass(slots=True)
class Budget:
    """A task's view of it. limit: US dollars, None for no bound. record: of its earlier attempts.

    What is being made when the limit is reached is finished: a run may pass it by what is at hand then.
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
            others = (one for one in self.run.records() if (one.stage, one.number) != own)
            self._elsewhere = dollars(row for one in others for row in one.paid)
            self._read_at = time.monotonic()
        return self._elsewhere + dollars(self.paid()) >= self.limit
