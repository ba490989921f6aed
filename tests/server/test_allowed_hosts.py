"""Which names for this machine are its own, as a browser says them in Host."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from pipeline.server.allowed_hosts import KnownHosts, own_names


def passes(host: str, *names: str) -> bool:
    app = KnownHosts(PlainTextResponse("in"), names, PlainTextResponse("out", 400))
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
def test_localhost_and_addresses_in_figures_need_not_be_told(host: str) -> None:
    assert passes(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evillocalhost",
        "localhost@evil.example",
        "evil.example#.localhost",
        "evil.example/.localhost",
        'evil.example".localhost',
        "127.0.0.1, evil.example",
        "[evil]",
        "[::1",
        "2130706433",
        "",
    ],
)
def test_any_other_is_a_strangers(host: str) -> None:
    assert not passes(host, "stories.example.org", "")


@pytest.mark.parametrize("host", ["stories.example.org", "Stories.Example.Org.:8443"])
def test_a_name_that_was_told_passes_however_it_is_written(host: str) -> None:
    assert passes(host, "STORIES.example.org")


def test_under_a_name_that_was_told_nothing_else_passes() -> None:
    assert not passes("more.stories.example.org", "stories.example.org")


@pytest.mark.parametrize("hosts", [[], ["localhost", "evil.example"], ["localhost", "localhost"]])
def test_there_is_one_host_and_no_more(hosts: list[str]) -> None:
    headers = [(b"host", host.encode()) for host in hosts]
    assert reached({"type": "http", "headers": headers}) == ["refusal"]


def test_what_a_machine_calls_itself_is_its_name_here_and_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Kitchen.example.org")
    assert {*own_names()} == {"Kitchen.example.org", "Kitchen", "Kitchen.local"}


def test_a_server_begins_and_ends_as_it_would_without() -> None:
    assert reached({"type": "lifespan"}) == ["app"]


def reached(scope: dict[str, Any]) -> list[str]:
    seen: list[str] = []

    def named(name: str) -> Any:
        async def app(*_: Any) -> None:
            seen.append(name)

        return app

    async def nothing(*_: Any) -> Any: ...

    asyncio.run(KnownHosts(named("app"), (), named("refusal"))(scope, nothing, nothing))
    return seen
