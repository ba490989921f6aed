"""`stories serve`: its greeting, its options and environment, Ctrl-C."""

from __future__ import annotations

import json
import re
import shlex
import socket
import time
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.api.calling import until
from tests.api.servers import call, serving
from tests.command import Stories
from tests.engines.embedded import loopback

IDEA = {"context": "a shy snail"}


def test_the_greeting_has_a_request_that_works_and_ctrl_c_ends_it(stories: Stories) -> None:
    with serving(stories) as [server]:
        until(lambda: server.lines[-1].startswith("More: "))
        example = re.search(r"Try:  (curl .*?'\{.*?\}')", "".join(server.lines), re.DOTALL)
        assert example
        command = shlex.split(example[1].replace("\\\n", " "))
        assert command[:3] == ["curl", "--location", server.base]
        assert command[command.index("--header") + 1] == "Content-Type: application/json"
        assert server("GET", "/health").json == {"status": "ok", "profile": "fake"}
        response = server("POST", "/", command[command.index("--data") + 1].encode())
        assert (response.status, response.json["locale"]) == (200, "fr")
        assert_one_connection_serves_many_requests(server.base)
        assert server.stop() == 130
        server.kill()
        assert "Traceback" not in "".join(server.lines)


def test_changes_are_pushed_until_ctrl_c_ends_the_connection(stories: Stories) -> None:
    with serving(stories) as [server]:
        with connect(server("POST", "/push", {}).json["address"], proxy=None) as link:
            story = server("POST", "/stories", IDEA).json
            link.send(json.dumps({"follow": [{"id": story["id"], "edition": "en"}]}))
            until(lambda: json.loads(link.recv(timeout=60))["state"], lambda state: state == "done")
            assert server.stop() == 130
            with pytest.raises(ConnectionClosed):
                link.recv(timeout=60)
        assert link.close_code == 1012  # "service restart": the page connects again
        assert "Traceback" not in "".join(server.lines)


def assert_one_connection_serves_many_requests(base: str) -> None:
    address = urlsplit(base)
    with closing(HTTPConnection(address.hostname or "", address.port, timeout=60)) as connection:
        for path in ("/health", "/locales", "/nothing", "/stories"):
            connection.request("GET", path)
            assert connection.getresponse().read()
        assert connection.sock is not None


def test_a_built_page_of_the_current_folder_is_served_only_where_it_is_named(stories: Stories) -> None:
    page = stories.directory / "frontend" / "dist"
    page.mkdir(parents=True)
    (page / "index.html").write_text("a stranger's page")
    with serving(stories) as [server]:
        assert "a stranger's page" not in server("GET", "/").body
    with serving(stories, ["--page", "frontend/dist"]) as [server]:
        assert server("GET", "/").body == "a stranger's page"
    done = stories("serve", "--port", "0", "--page", "frontend/none")
    assert "--page frontend/none is no folder" in done.err
    assert done.problem == "config"


def test_a_port_that_is_taken_is_named(stories: Stories) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = stories("serve", "--port", port)
    assert done.problem == "bad-setting"
    reason = f"cannot listen on 127.0.0.1:{port} (Address already in use): choose another with --port"
    assert done.complaints == [f"stories: {reason} [bad-setting]"]


@pytest.mark.parametrize(
    "address", [["--port", "70000"], ["--host", "nowhere.invalid"], ["--host", "192.0.2.1"]]
)
def test_an_address_that_cannot_be_used_is_an_error(stories: Stories, address: list[str]) -> None:
    assert stories("serve", "--port", "0", *address).problem == "bad-setting"


@pytest.mark.parametrize(
    ("name", "value"), [("STORIES_WAIT", "300"), ("STORIES_WORKERS", "0"), ("STORIES_WAITING", "x")]
)
def test_a_setting_out_of_range_is_named(stories: Stories, name: str, value: str) -> None:
    done = stories("serve", "--port", "0", env=stories.environment(**{name: value}))
    assert (done.problem, name in done.err) == ("bad-setting", True)


def test_url_is_the_base_of_media_urls_and_an_allowed_name(stories: Stories) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    options = ["--url", "https://stories.example.org/", "--port", port]
    with serving(stories, options) as [server]:
        assert server.base == "https://stories.example.org"
        server.base = f"http://127.0.0.1:{port}"
        story = server("POST", "/", IDEA).json
        response = server("GET", "/health", headers={"Host": "stories.example.org"})
    assert story["mp3Url"].startswith("https://stories.example.org/media/stories/")
    assert response.status == 200


def test_on_every_interface_media_is_served_under_each_own_name_only(stories: Stories) -> None:
    with serving(stories, ["--host", "0.0.0.0"]) as [server]:
        port = urlsplit(server.base).port
        for name in ("localhost", "127.0.0.2", socket.gethostname()):
            host = f"{name}:{port}"
            response = server("POST", "/", {**IDEA, "variant": 1}, headers={"Host": host})
            assert response.status == 200
            sound = response.json["mp3Url"].removeprefix(f"http://{host}")
            assert server("GET", sound, headers={"Host": host}).body.startswith("ID3")
        rejected = server("GET", "/stories", headers={"Host": "evil.example"})
    assert (rejected.status, rejected.problem) == (400, "unknown-host")


def test_the_tablet_s_address_is_answered_and_shown_to_this_machine_only(stories: Stories) -> None:
    with serving(stories, ["--host", "0.0.0.0"]) as [server]:
        until(lambda: server.lines[-1].startswith("More: "))
        page = server("GET", "/tablet.json").json
        assert page["open"] is True
        text = "".join(server.lines)
        for address in page["addresses"]:
            assert address in text
            # As a tablet sends it; this machine is a stranger by that address.
            base = address.rstrip("/")
            assert call(base, "GET", "/health").status == 200
            assert call(base, "GET", "/tablet.json").status == 404
        assert page["addresses"] or "in no network now" in text
    with serving(stories) as [server]:
        assert server("GET", "/tablet.json").json == {"open": False, "addresses": []}


@pytest.mark.parametrize(("options", "callers"), [([], 1), (["--proxy", "127.0.0.1"], 2)])
def test_a_forwarded_address_is_that_of_a_caller_only_where_the_proxy_is_named(
    stories: Stories, options: list[str], callers: int
) -> None:
    with serving(stories, options, hold="complete 1") as [server]:
        ids = set()
        for address in ("203.0.113.7", "203.0.113.8"):
            headers = {"Idempotency-Key": "k", "X-Forwarded-For": address}
            ids.add(server("POST", "/stories", IDEA, headers=headers).json["id"])
    assert len(ids) == callers


def test_the_environment_sets_wait_queue_origin_and_life_of_urls(stories: Stories) -> None:
    origin = "https://stories.example.org"
    environ = {"STORIES_WAIT": "0", "STORIES_WORKERS": "1", "STORIES_WAITING": "1", "STORIES_PUBLISH": "0"}
    stories("make", IDEA["context"])
    with serving(stories, hold="complete 1", STORIES_ORIGIN=origin, STORIES_URL_SECONDS="60", **environ) as [
        server
    ]:
        assert [server("POST", "/", IDEA).status for _ in range(3)] == [202, 202, 429]
        headers = server("GET", "/health", headers={"Origin": origin}).headers
        assert headers["access-control-allow-origin"] == origin
        story = server("POST", "/", {**IDEA, "variant": 0}).json
    (expires,) = parse_qs(urlsplit(story["mp3Url"]).query)["expires"]
    assert int(expires) < time.time() + 61


def test_ipv6_is_an_address_like_another(stories: Stories) -> None:
    with serving(stories, ["--host", "::1"]) as [server]:
        assert server.base.startswith("http://[::1]:")
        assert server("GET", "/health").status == 200


def test_a_silent_host_of_translators_does_not_hold_the_page(stories: Stories) -> None:
    with loopback.serving() as host:
        host.script = [loopback.Turn(hang=True)]
        environ = {
            "STORIES_PROFILE": "embedded",
            "STORIES_WRITER_URL": "http://127.0.0.1:9/v1",  # no weights of a writer are needed
            "STORIES_MODEL": "mine",
            "STORIES_MODELS_MIRROR": f"{host.url}/files",
        }
        with serving(stories, **environ) as [server]:
            until(lambda: bool(host.gets()))
            assert server("GET", "/health").status == 200
            offered = server("GET", "/locales").json
            labels = {each["locale"]: each["labels"] for each in offered["locales"]}
            assert {"epub", "vtt"} <= set(offered["exports"])
            assert server.stop() == 130
            server.kill()
    assert labels["fr"] == ["draft translation"]
    greeting, _, after = "".join(server.lines).partition("More: ")
    assert greeting
    assert "info: Fetching firefox-en-fr, firefox-fr-en (74 MB, " in after
    assert "Traceback" not in "".join(server.lines)
