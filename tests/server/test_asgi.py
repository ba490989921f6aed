"""The API over real sockets, and what stands before it: limits on what is read, the media, the page."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from pipeline.engines.embedded.files import FileStore
from pipeline.server.asgi import build_server
from pipeline.server.signed_urls import MediaStore
from tests.api.calling import IDEA, PROBLEM, Calling
from tests.api.servers import Server, serving
from tests.api.test_refusals import ORIGIN, SECURE
from tests.command import Stories

HERE = "http://localhost"
MEGABYTE = b"x" * 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(Stories(tmp_path_factory.mktemp("server")), STORIES_ORIGIN=ORIGIN) as [server]:
        yield server


@pytest.fixture
def media(tmp_path: Path) -> MediaStore:
    return MediaStore(FileStore(tmp_path), "http://127.0.0.1:8000", b"secret")


def received(server: Server, request: bytes, seconds: float = 10) -> bytes:
    """What comes back until the answer is whole, or the server hangs up."""
    address = urlsplit(server.base)
    with closing(socket.create_connection((address.hostname, address.port), timeout=seconds)) as line:
        line.sendall(request)
        told = b""
        while not (b"\r\n\r\n" in told and told.endswith(b"}")):
            part = line.recv(65536)
            if not part:
                break
            told += part
        return told


def head(path: str = "/stories", *lines: str) -> bytes:
    asked = (f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *lines)
    return "\r\n".join(asked).encode() + b"\r\n\r\n"


def test_the_demos_request_gives_a_story_and_an_mp3_that_plays(server: Server) -> None:
    told = server("POST", "/", {"context": "a baby sphynx lost in an Egyptian pyramid", "locale": "fr"})
    assert told.status == 200
    assert told.json["locale"] == "fr"
    sound = server("GET", told.json["mp3Url"].removeprefix(server.base))
    assert sound.status == 200
    assert sound.body.startswith("ID3")


def test_what_is_made_here_is_listed_here(server: Server) -> None:
    told = server("POST", "/", {"context": IDEA}).json
    assert told["id"] in {one["id"] for one in server("GET", "/stories").json["stories"]}


@pytest.mark.parametrize("length", ["1000000", "16385", "999999999999999"])
def test_a_large_body_is_refused_by_its_length_before_it_is_sent(server: Server, length: str) -> None:
    started = time.monotonic()
    told = received(server, head("/stories", f"Content-Length: {length}"))
    assert time.monotonic() - started < 5
    assert told.startswith(b"HTTP/1.1 413 ")
    assert b":too-large" in told


def test_a_large_body_without_a_length_is_refused_once_it_is_too_large(server: Server) -> None:
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    begun = head("/stories", "Transfer-Encoding: chunked") + chunk + chunk
    told = received(server, begun)  # it never ends
    assert told.startswith(b"HTTP/1.1 413 ")


def test_a_megabyte_is_refused_and_the_server_goes_on(server: Server) -> None:
    for path in ("/", "/stories"):
        told = server("POST", path, MEGABYTE)
        assert (told.status, told.problem) == (413, "too-large")
    assert server("GET", "/health").status == 200


def test_no_more_than_the_limit_is_read_of_a_body() -> None:
    given = []
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        given.append(1)
        return {"type": "http.request", "body": b"x" * 4096, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/stories",
        "raw_path": b"/stories",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "scheme": "http",
        "root_path": "",
    }
    asyncio.run(build_server(Calling().api, None, None, None)(scope, receive, send))
    assert sent[0]["status"] == 413
    assert len(given) == 5  # 16,384 bytes, and the first part that is too much


@pytest.mark.parametrize("length", ["-1", "x", "1, 2", "9" * 30])
def test_a_length_that_is_none_is_refused(server: Server, length: str) -> None:
    told = received(server, head("/stories", f"Content-Length: {length}") + b"{}")
    assert told == b"" or told.split()[1] in {b"400", b"413"}


def test_a_body_that_is_no_utf8_is_refused_like_all_else(server: Server) -> None:
    told = server("POST", "/stories", b'{"context": "\xff"}', headers={"Origin": ORIGIN})
    assert (told.status, told.problem) == (400, "bad-request")
    assert SECURE.items() <= told.headers.items()
    assert told.headers["access-control-allow-origin"] == ORIGIN


def test_a_body_that_is_too_large_is_refused_like_all_else(server: Server) -> None:
    told = server("POST", "/stories", MEGABYTE, headers={"Origin": ORIGIN})
    assert SECURE.items() <= told.headers.items()
    assert told.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/stories/%2e%2e%2f/en",
        f"/stories/{'0' * 32}%0a/en",
        "/stories/x%0ay/fr",
        "/%ff%fe",
        "/media",
        "/media/%0a?expires=1",
        "/stories/%22%22/fr",
        "//evil.example/stories",
        "/" + "x" * 8000,
    ],
)
def test_an_odd_address_is_a_problem_like_any_other(server: Server, path: str) -> None:
    told = server("GET", path)
    assert told.status in {400, 403, 404}
    assert told.headers["content-type"] == PROBLEM
    assert SECURE.items() <= told.headers.items()
    assert "passwd" not in told.body


def test_head_of_an_address_that_answers_get_is_405_without_a_body(server: Server) -> None:
    told = server("HEAD", "/health")
    assert (told.status, told.body) == (405, "")
    assert "GET" in told.headers["allow"]


def test_a_preflight_is_answered_for_the_origin_alone(server: Server) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    told = server("OPTIONS", "/stories", headers={"Origin": ORIGIN, **asked})
    assert told.status == 204
    assert told.headers["access-control-allow-origin"] == ORIGIN
    stranger = server("OPTIONS", "/stories", headers={"Origin": "https://evil.example", **asked})
    assert "access-control-allow-origin" not in stranger.headers


def test_the_log_tells_no_idea_and_no_terminal_what_to_do(server: Server) -> None:
    server("POST", "/", {"context": "a snail called Ermintrude"})
    server("GET", "/stories/%1b[31m%0a00:00:00%20200%20GET/forged")
    server("GET", "/health?secret=1")
    told = "".join(server.told)
    assert "POST /" in told
    assert "Ermintrude" not in told
    assert "secret" not in told
    assert "\x1b" not in told
    assert "\n00:00:00" not in told


def test_a_page_that_is_built_is_served_and_the_api_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>Stories</title>")
    (tmp_path / "assets" / "app.js").write_text("1")
    with TestClient(build_server(Calling().api, None, None, tmp_path), HERE) as client:
        assert client.get("/").text == "<title>Stories</title>"
        assert client.get("/assets/app.js").status_code == 200
        assert client.post("/", json={"context": IDEA}).json()["status"] == "done"
        assert client.get("/health").json()["status"] == "ok"
        assert client.get("/nothing").headers["content-type"] == PROBLEM
        assert client.get("/assets/../../secret").status_code == 404
    with TestClient(build_server(Calling().api, None, None, None), HERE) as client:
        assert client.get("/").status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/assets/none.js", 404), ("GET", "/assets/", 404), ("POST", "/assets/app.js", 405)],
)
def test_what_a_folder_of_the_page_refuses_is_a_problem_like_any_other(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app.js").write_text("1")
    with TestClient(build_server(Calling().api, None, None, tmp_path), HERE) as client:
        told = client.request(method, path)
    assert told.status_code == told.json()["status"] == status
    assert told.headers["content-type"] == PROBLEM
    assert SECURE.items() <= told.headers.items()
    assert (told.headers.get("allow") == "GET, HEAD") is (status == 405)


@pytest.mark.parametrize("path", ["/health", "/", "/assets/app.js", "/media/x.mp3?expires=1"])
def test_a_stranger_s_name_for_this_machine_opens_nothing(
    media: MediaStore, tmp_path: Path, path: str
) -> None:
    (tmp_path / "page" / "assets").mkdir(parents=True)
    (tmp_path / "page" / "index.html").write_text("<title>Stories</title>")
    (tmp_path / "page" / "assets" / "app.js").write_text("1")
    server = build_server(Calling().api, media, media.inner.path, tmp_path / "page")
    with TestClient(server, "http://evil.example:8000") as client:
        told = client.get(path)
    assert (told.status_code, told.headers["content-type"]) == (400, PROBLEM)
    assert told.json()["type"] == "urn:mvp-stories:problem:unknown-host"
    assert "--url http://evil.example:PORT" in told.json()["detail"]
    assert SECURE.items() <= told.headers.items()


def test_a_stranger_s_name_makes_no_story() -> None:
    call = Calling()
    with TestClient(build_server(call.api, None, None, None), "http://evil.example") as client:
        assert client.post("/stories", json={"context": IDEA}).status_code == 400
    assert not list(call.app.store.list("stories/"))


def test_a_name_that_was_told_is_known() -> None:
    server = build_server(Calling().api, None, None, None, names=["stories.example.org"])
    with TestClient(server, "https://stories.example.org") as client:
        assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    "called", ["http://127.0.0.1:8000", "http://localhost:8000", "http://192.0.2.7:9000"]
)
def test_its_sound_is_found_under_the_name_that_a_page_was_opened_by(media: MediaStore, called: str) -> None:
    call = Calling(store=media.inner)
    server = build_server(call.api, media, media.inner.path, None, as_called=True)
    with TestClient(server, called) as client:
        told = client.post("/", json={"context": f'"{media.base}/media/" said a snail'}).json()
        sounds = [told["mp3Url"], told["downloadUrl"], *(one["audioUrl"] for one in told["segments"])]
        assert {sound[: len(called) + 7] for sound in sounds} == {f"{called}/media/"}
        assert client.get(told["mp3Url"]).content.startswith(b"ID3")
        assert told["context"] == f'"{media.base}/media/" said a snail'


def test_its_sound_has_the_store_s_name_where_that_was_told(media: MediaStore) -> None:
    server = build_server(Calling(store=media.inner).api, media, media.inner.path, None)
    with TestClient(server, HERE) as client:
        told = client.post("/", json={"context": IDEA}).json()
    assert told["mp3Url"].startswith("http://127.0.0.1:8000/media/")


def test_a_query_is_what_a_page_sent(server: Server) -> None:
    assert server("GET", "/stories?locale=fr").status == 200
    assert server("GET", "/stories?locale=en&locale=fr").status in {200, 400}
    assert server("GET", "/stories?cursor=%00").status == 400
    assert server("GET", "/stories?locale=%ed%a0%80").status == 400


def test_callers_are_told_apart_by_their_address() -> None:
    call = Calling()
    ids = []
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        server = build_server(call.api, None, None, None)
        with TestClient(server, HERE, client=(address, 1)) as client:
            told = client.post("/stories", json={"context": IDEA}, headers={"Idempotency-Key": "tap"})
            ids.append(told.json()["id"])
    assert ids[0] == ids[2] != ids[1]
