"""`stories serve` as a person starts it: what it says, refuses, and takes from the environment."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import time
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.cli.exit_codes import STATUS
from tests.api.servers import serving
from tests.command import Stories


def test_it_says_where_it_is_and_how_to_ask(stories: Stories) -> None:
    with serving(stories) as [server]:
        assert server("GET", "/health").json == {"status": "ok", "profile": "fake"}
        greeting = "".join(server.told)
        found = re.search(r"Try:  (curl .*?'\{.*?\}')", greeting, re.DOTALL)
        assert found
        command = shlex.split(found[1].replace("\\\n", " "))
        assert command[:3] == ["curl", "--location", server.base]
        assert command[command.index("--header") + 1] == "Content-Type: application/json"
        told = server("POST", "/", command[command.index("--data") + 1].encode())
        assert told.status == 200
        assert told.json["locale"] == "fr"


def test_it_ends_with_ctrl_c_in_words(stories: Stories) -> None:
    with serving(stories) as [server]:
        assert server.stop() < 10
        server.kill()
        assert server.process.returncode == 130
        assert "Traceback" not in "".join(server.told)


def test_a_port_that_is_taken_is_said_so(stories: Stories) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = stories("serve", "--port", port)
    assert done.status == STATUS["bad-setting"]
    assert done.complaints == [
        f"stories: cannot listen on 127.0.0.1:{port} (Address already in use): choose another with --port"
    ]


@pytest.mark.parametrize(
    "place", [["--port", "70000"], ["--host", "nowhere.invalid"], ["--host", "192.0.2.1"]]
)
def test_where_nobody_can_listen_is_said_so(stories: Stories, place: list[str]) -> None:
    done = stories("serve", "--port", "0", *place)
    assert done.status == STATUS["bad-setting"]
    assert len(done.complaints) == 1
    assert "Traceback" not in done.err


def test_others_reach_its_media_by_the_address_that_it_is_told(stories: Stories) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    options = ["--url", "https://stories.example.org/", "--port", port]
    with serving(stories, options=options) as [server]:
        assert server.base == "https://stories.example.org"
        server.base = f"http://127.0.0.1:{port}"
        told = server("POST", "/", {"context": "a shy snail"}).json
        named = server("GET", "/health", headers={"Host": "stories.example.org"})
    assert told["mp3Url"].startswith("https://stories.example.org/media/stories/")
    assert named.status == 200


def test_whoever_opens_it_by_another_of_its_names_finds_the_sound_under_that_one(stories: Stories) -> None:
    with serving(stories, options=["--host", "0.0.0.0"]) as [server]:
        port = urlsplit(server.base).port
        for name in ("localhost", "127.0.0.1", "127.0.0.2", socket.gethostname()):
            called = f"{name}:{port}"
            told = server("POST", "/", {"context": "a shy snail", "variant": 1}, headers={"Host": called})
            assert told.status == 200
            sound = told.json["mp3Url"].removeprefix(f"http://{called}")
            assert server("GET", sound, headers={"Host": called}).body.startswith("ID3")


def test_a_stranger_s_name_is_refused_also_where_all_the_network_may_ask(stories: Stories) -> None:
    with serving(stories, options=["--host", "0.0.0.0"]) as [server]:
        told = server("GET", "/stories", headers={"Host": "evil.example"})
    assert (told.status, told.problem) == (400, "unknown-host")


def test_the_environment_says_how_long_it_waits_how_much_it_takes_and_whom_it_lets_in(
    stories: Stories,
) -> None:
    environ = {
        "STORIES_WAIT": "0",
        "STORIES_WORKERS": "1",
        "STORIES_WAITING": "1",
        "STORIES_ORIGIN": "https://stories.example.org",
        "STORIES_PUBLISH": "0",
    }
    with serving(stories, 0.5, **environ) as [server]:
        seen = [server("POST", "/", {"context": "a shy snail"}).status for _ in range(3)]
        assert seen == [202, 202, 429]
        told = server("GET", "/health", headers={"Origin": "https://stories.example.org"})
        assert told.headers["access-control-allow-origin"] == "https://stories.example.org"


@pytest.mark.parametrize(
    ("name", "value"), [("STORIES_WAIT", "300"), ("STORIES_WORKERS", "0"), ("STORIES_WAITING", "x")]
)
def test_a_setting_that_cannot_be_meant_is_named(stories: Stories, name: str, value: str) -> None:
    done = stories("serve", "--port", "0", env=stories.environment(**{name: value}))
    assert done.status == STATUS["bad-setting"]
    assert name in done.err
    assert "Traceback" not in done.err


def test_asked_again_after_retry_after_a_full_server_takes_it(stories: Stories) -> None:
    with serving(stories, 0.05, STORIES_WORKERS="1", STORIES_WAITING="0") as [server]:
        server("POST", "/", {"context": "a shy snail"})  # now it knows how long a story takes
        server("POST", "/stories", {"context": "a shy snail"})
        told = server("POST", "/stories", {"context": "a shy snail"})
        assert told.status == 429
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(int(told.headers["retry-after"]))
        assert server("POST", "/stories", {"context": "a shy snail"}).status == 202


def test_one_connection_serves_many_requests(stories: Stories) -> None:
    with serving(stories) as [server]:
        address = urlsplit(server.base)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
        with closing(connection):
            for path in ("/health", "/locales", "/nothing", "/stories"):
                connection.request("GET", path)
                assert connection.getresponse().read()
            assert connection.sock is not None


def test_ipv6_is_an_address_like_another(stories: Stories) -> None:
    with serving(stories, options=["--host", "::1"]) as [server]:
        assert server.base.startswith("http://[::1]:")
        assert server("GET", "/health").status == 200


def test_an_address_lives_as_long_as_is_asked(stories: Stories) -> None:
    with serving(stories, STORIES_URL_SECONDS="60") as [server]:
        told = server("POST", "/", {"context": "a shy snail"}).json
        (expires,) = parse_qs(urlsplit(told["mp3Url"]).query)["expires"]
        assert 50 < int(expires) - time.time() <= 60
