"""A bound on the editions that are begun in a day: each takes a number of its day, below the bound."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipeline.errors import BusyError
from pipeline.ports import Store
from pipeline.storage import keys


def take(store: Store, most: int, now: datetime | None = None) -> None:
    """Takes a number of the day (UTC), for one listing and one write. most: 0 for no bound.

    Raises BusyError: all are taken.
    """
    if not most:
        return
    now = now or datetime.now(UTC)
    day = keys.day(f"{now:%Y-%m-%d}")
    number = sum(1 for _ in store.list(day))  # they have no gaps
    while number < most:
        if store.put_if_absent(f"{day}{number:06d}", b"{}"):
            return
        number += 1  # another call took it
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    raise BusyError(
        f"the {most} stories of today were all asked for: try again tomorrow (after midnight UTC)",
        retry_after=int((midnight - now).total_seconds()) + 1,
        problem="quota-exceeded",
    )
