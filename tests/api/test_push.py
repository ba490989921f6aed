"""POST /push: an address with a ticket, or a problem where nothing is pushed."""

from __future__ import annotations

import pytest

from pipeline.api.gateway import Api
from pipeline.api.push import TICKET_SECONDS
from pipeline.api.service import OnDemand
from pipeline.server.push.tickets import Tickets
from tests.api.calling import FakeApi


class PushApi(FakeApi):
    """base: of the server, "" for the address by which it is called."""

    base = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.tickets = Tickets(self.base)
        self.handler = Api(OnDemand(self.app, self.runner, tickets=self.tickets), self.wait)


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"Host": "tablet.local:8000", "X-Forwarded-Proto": "http"}, "ws://tablet.local:8000/ws"),
        ({"host": "stories.example", "x-forwarded-proto": "https"}, "wss://stories.example/ws"),
    ],
)
def test_the_address_is_where_the_api_was_called(headers: dict[str, str], address: str) -> None:
    api = PushApi()
    response = api("POST", "/push", {}, headers=headers)
    assert response.status == 200
    named, _, ticket = response.json["address"].partition("?ticket=")
    assert named == address
    assert [api.tickets.use(ticket) for _ in range(2)] == [True, False]


def test_the_address_is_the_servers_own_where_it_has_one() -> None:
    class Named(PushApi):
        base = "https://stories.example"

    response = Named()("POST", "/push", {}, headers={"Host": "127.0.0.1:8000", "X-Forwarded-Proto": "http"})
    assert response.json["address"].startswith("wss://stories.example/ws?ticket=")
    assert TICKET_SECONDS == 60


def test_where_nothing_is_pushed_the_caller_learns_to_poll() -> None:
    response = FakeApi()("POST", "/push", {})
    assert (response.status, response.problem) == (404, "no-push")


@pytest.mark.parametrize("body", ["", "[]", '{"id": 1}'])
def test_an_order_for_an_address_is_an_empty_object(body: str) -> None:
    response = PushApi()("POST", "/push", body)
    assert (response.status, response.problem) == (400, "bad-request")
