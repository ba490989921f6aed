"""The cost of the smoke test's story, by the ledger in the bucket."""

from __future__ import annotations

from pipeline.errors import StoriesError
from pipeline.ports import Store
from pipeline.storage.integrity import CorruptError
from pipeline.storage.ledger import payment, price_table, rows
from pipeline.types import Finding


def paid(store: Store | None) -> frozenset[str] | None:
    """The keys of all that was paid for until now; None where the bucket is not known, or not readable."""
    try:
        return None if store is None else frozenset(store.list("cache/"))
    except StoriesError:
        return None


def cost(store: Store | None, before: frozenset[str] | None) -> Finding:
    """What was paid for since `before`, also by others."""
    after = paid(store)
    if store is None or before is None or after is None:
        return _unknown("not read: the ledger is in the bucket", "make smoke STAGE=…, or BUCKET=…")
    try:
        entries = [payment(key, store.get(key)) for key in sorted(after - before)]
    except (StoriesError, CorruptError) as error:
        return _unknown(f"not read: {error}", "stories cost --profile aws reads all of it")
    prices = price_table()
    sums = rows((entry for entry in entries if entry), prices)
    if not sums:
        return _unknown("the ledger has nothing new", "is that the bucket of this API?")
    if missing := [row.engine for row in sums if row.dollars is None]:
        return _unknown(f"no price of {', '.join(missing)}", "add a row to pipeline/data/prices.toml")
    total, calls = sum(row.dollars or 0 for row in sums), sum(row.usage.calls for row in sums)
    return Finding("cost", True, f"US$ {total:.4f} for {calls} calls, by prices of {prices['dated']}")


def _unknown(summary: str, todo: str) -> Finding:
    return Finding("cost", None, summary, todo)
