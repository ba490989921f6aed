"""`stories endpoints`: what is running on SageMaker and what it costs; `delete NAME` takes one down."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from typing import TYPE_CHECKING

from pipeline.cli.terminal import say, say_red, table, tell
from pipeline.errors import RequestError, StoriesError

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients
    from pipeline.engines.aws.endpoint.prices import Prices
    from pipeline.engines.aws.endpoint.status import Endpoint


def add(verbs: _SubParsersAction[ArgumentParser], shared: ArgumentParser) -> None:
    """Adds the parser of `stories endpoints`."""
    text = "what is running on SageMaker, and what it costs"
    parser = verbs.add_parser("endpoints", parents=[shared], help=text, description=text)
    parser.set_defaults(command=endpoints)
    parser.add_argument(
        "action",
        nargs="?",
        choices=["delete"],
        help="take an endpoint down, with everything that belongs to it",
    )
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="which")
    parser.add_argument(
        "--keep-model", action="store_true", help="its model stays: STORIES_ENDPOINT=ephemeral serves it"
    )


def endpoints(options: Namespace) -> None:
    """Prints the table; with `delete`, what was taken down. Raises StoriesError."""
    from pipeline.engines.aws.clients import Clients
    from pipeline.engines.aws.endpoint.cost_table import HEADING, cost_rows
    from pipeline.engines.aws.endpoint.prices import read_prices
    from pipeline.engines.aws.endpoint.status import list_endpoints

    clients = Clients()
    if options.action == "delete":
        _delete(clients, options.name, options.keep_model)
        return
    prices = read_prices()
    standing = list_endpoints(clients)
    idle = [_idle_hours(clients, endpoint) for endpoint in standing]
    lines = table([HEADING, *cost_rows(standing, prices)]).split("\n")
    red = [number for number, endpoint in enumerate(standing) if endpoint.is_idle(idle[number])]
    for number, line in enumerate(lines):
        (say_red if number - 1 in red else say)(line)
    for number in red:
        tell(_reminder(standing[number], idle[number], prices))
    tell(
        f"so far: about, by {prices.region} prices ({prices.dated}) and today's instances; "
        f"? is a type that our table lacks: {prices.source}"
    )


def _idle_hours(clients: Clients, endpoint: Endpoint) -> float:
    """Hours since it was called; since it was created, where CloudWatch does not say."""
    from pipeline.engines.aws.endpoint.calls import hours_since_a_call

    try:
        return hours_since_a_call(clients, endpoint)
    except StoriesError as error:
        tell(f"when {endpoint.name} was last called is not known: {error}")
        return endpoint.hours


def _reminder(endpoint: Endpoint, idle: float, prices: Prices) -> str:
    total = endpoint.so_far(prices)
    cost = "costs by the hour" if total is None else f"has cost about US$ {total:.2f} so far"
    return (
        f"{endpoint.name} was not called for {idle:.0f} hours and {cost}; to take it down: "
        f"stories endpoints delete {endpoint.name}"
    )


def _delete(clients: Clients, name: str, keep_model: bool) -> None:
    from pipeline.engines.aws.endpoint.takedown import take_down

    if not name:
        raise RequestError("which endpoint? `stories endpoints` lists them: stories endpoints delete NAME")
    deleted = take_down(clients, name, keep_model, on_note=tell)
    tell("\n".join(f"deleted: {item}" for item in deleted) or f"nothing of {name} is there")
