"""What SageMaker endpoints cost, as rows of text: for the command line and the notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from pipeline.engines.aws.endpoint.prices import Prices
from pipeline.engines.aws.endpoint.status import Endpoint

HEADING = ("endpoint", "status", "instances", "since (UTC)", "US$/hour", "US$ so far")
_UNKNOWN = "?"


def cost_rows(endpoints: Sequence[Endpoint], prices: Prices) -> list[tuple[str, ...]]:
    """A row for each, and their sum where there are several; "?" is a type that the price table lacks."""
    hourly = [endpoint.per_hour(prices) for endpoint in endpoints]
    so_far = [endpoint.so_far(prices) for endpoint in endpoints]
    rows: list[tuple[str, ...]] = [
        (
            endpoint.name,
            endpoint.status,
            endpoint.on,
            f"{endpoint.since.astimezone(UTC):%Y-%m-%d %H:%M}",
            _UNKNOWN if per_hour is None else f"{per_hour:.3f}",
            _UNKNOWN if total is None else f"{total:.2f}",
        )
        for endpoint, per_hour, total in zip(endpoints, hourly, so_far, strict=True)
    ]
    if len(rows) > 1:
        unknown = f" + {_UNKNOWN}" if None in hourly else ""
        sums = [sum(figure or 0.0 for figure in figures) for figures in (hourly, so_far)]
        rows.append(("together", "", "", "", f"{sums[0]:.3f}{unknown}", f"{sums[1]:.2f}{unknown}"))
    return rows
