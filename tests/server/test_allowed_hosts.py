"""Host names that a request may use."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from pipeline.server.allowed_hosts import AllowedHosts, own_names


def passes(host: str, *names: str) -> bool:
    app = AllowedHosts(PlainTextResponse("in"), names, PlainTextResponse("out", 400))
    return TestClient(app).get("/", headers={"Host": host}).text == "in"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.:8000",
        "book.localhost:8000",
        "127.0.0.1:8000",
        "192.168.1.23",
        "[::1]:8000",
        "[fe80::1]",
    ],
)
def test_localhost_and_numeric_addresses_are_allowed(host: str) -> None:
    assert passes(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evillocalhost",
        "localhost@evil.example",
        "evil.example#.localhost",
        "127.0.0.1, evil.example",
        "[evil]",
        "2130706433",
        "",
    ],
)
def test_other_names_are_rejected(host: str) -> None:
    assert not passes(host, "stories.example.org", "")


@pytest.mark.parametrize("host", ["stories.example.org", "Stories.Example.Org.:8443"])
def test_a_given_name_is_allowed_in_every_spelling(host: str) -> None:
    assert passes(host, "STORIES.example.org")


def test_names_below_a_given_name_are_rejected() -> None:
    assert not passes("more.stories.example.org", "stories.example.org")


@pytest.mark.parametrize("hosts", [[], ["localhost", "evil.example"], ["localhost", "localhost"]])
def test_a_request_has_exactly_one_host(hosts: list[str]) -> None:
    headers = [(b"host", host.encode()) for host in hosts]
    assert reached({"type": "http", "headers": headers}) == ["rejection"]


def test_own_names_include_the_multicast_dns_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Kitchen.example.org")
    assert {*own_names()} == {"Kitchen.example.org", "Kitchen", "Kitchen.local"}


def test_lifespan_events_pass() -> None:
    assert reached({"type": "lifespan"}) == ["app"]


def reached(scope: dict[str, Any]) -> list[str]:
    apps: list[str] = []

    def named(name: str) -> Any:
        async def app(*_: Any) -> None:
            apps.append(name)

        return app

    async def nothing(*_: Any) -> Any: ...

    asyncio.run(AllowedHosts(named("app"), (), named("rejection"))(scope, nothing, nothing))
    return apps
