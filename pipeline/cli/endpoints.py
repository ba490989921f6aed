"""`stories endpoints`: what is running on SageMaker and what it costs; `delete NAME` takes one down."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from datetime import UTC
from typing import TYPE_CHECKING

from pipeline.cli.terminal import say, table, tell
from pipeline.errors import RequestError

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients
    from pipeline.engines.aws.endpoint.prices import Prices
    from pipeline.engines.aws.endpoint.status import Endpoint

HEADING = ("endpoint", "status", "instances", "since (UTC)", "US$/hour", "US$ so far")
_UNKNOWN = "?"


def add(verbs: _SubParsersAction[ArgumentParser], shared: ArgumentParser) -> None:
    """`stories endpoints` among the commands."""
    told = "what is running on SageMaker, and what it costs"
    parser = verbs.add_parser("endpoints", parents=[shared], help=told, description=told)
    parser.set_defaults(command=endpoints)
    parser.add_argument(
        "action", nargs="?", choices=["delete"], help="take one down, and all that stood for it"
    )
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="which")
    parser.add_argument(
        "--keep-model", action="store_true", help="its model stays: STORIES_ENDPOINT=ephemeral serves it"
    )


def endpoints(options: Namespace) -> None:
    """The table; with `delete`, what was taken down. Raises StoriesError."""
    from pipeline.engines.aws.clients import Clients
    from pipeline.engines.aws.endpoint.prices import read_prices
    from pipeline.engines.aws.endpoint.status import list_endpoints

    clients = Clients()
    if options.action == "delete":
        _delete(clients, options.name, options.keep_model)
        return
    prices = read_prices()
    say(table([HEADING, *rows(list_endpoints(clients), prices)]))
    tell(
        f"so far: about, by {prices.region} prices ({prices.dated}) and today's instances; "
        f"? is a type that our table lacks: {prices.source}"
    )


def rows(found: tuple[Endpoint, ...], prices: Prices) -> list[tuple[str, ...]]:
    """A row of text for each, and one of their sum where there is something to add."""
    told = [_row(one, prices) for one in found]
    sums = [one.per_hour(prices) or 0.0 for one in found], [one.so_far(prices) or 0.0 for one in found]
    more = " + ?" if any(one.per_hour(prices) is None for one in found) else ""
    last = ("together", "", "", "", f"{sum(sums[0]):.3f}{more}", f"{sum(sums[1]):.2f}{more}")
    return [*told, last] if len(found) > 1 else told


def _row(one: Endpoint, prices: Prices) -> tuple[str, ...]:
    hourly, so_far = one.per_hour(prices), one.so_far(prices)
    return (
        one.name,
        one.status,
        one.on,
        f"{one.since.astimezone(UTC):%Y-%m-%d %H:%M}",
        _UNKNOWN if hourly is None else f"{hourly:.3f}",
        _UNKNOWN if so_far is None else f"{so_far:.2f}",
    )


def _delete(clients: Clients, name: str, keep_model: bool) -> None:
    from pipeline.engines.aws.endpoint.takedown import take_down

    if not name:
        raise RequestError("which endpoint? `stories endpoints` lists them: stories endpoints delete NAME")
    gone = take_down(clients, name, keep_model, on_note=tell)
    tell("\n".join(f"deleted: {one}" for one in gone) or f"nothing of {name} is there")
