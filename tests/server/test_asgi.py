"""The server over real sockets: limits on bodies, host names, the media, the page."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from pipeline.api.responses import PROBLEM
from pipeline.engines.embedded.files import FileStore
from pipeline.server.asgi import build_server
from pipeline.server.signed_urls import MediaStore
from tests.api.calling import IDEA, FakeApi, until
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


def received(server: Server, request: bytes) -> bytes:
    """The response, once it is complete or the server closed the connection."""
    address = urlsplit(server.base)
    with closing(socket.create_connection((address.hostname, address.port), timeout=60)) as connection:
        connection.sendall(request)
        data = b""
        while not (b"\r\n\r\n" in data and data.endswith(b"}")):
            part = connection.recv(65536)
            if not part:
                break
            data += part
        return data


def head(path: str = "/stories", *lines: str) -> bytes:
    every = (f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *lines)
    return "\r\n".join(every).encode() + b"\r\n\r\n"


@pytest.mark.parametrize("length", ["16385", "999999999999999"])
def test_a_large_body_is_rejected_by_its_length_before_it_is_sent(server: Server, length: str) -> None:
    response = received(server, head("/stories", f"Content-Length: {length}"))
    assert response.startswith(b"HTTP/1.1 413 ")
    assert b":too-large" in response


def test_a_chunked_body_is_rejected_once_it_is_too_large(server: Server) -> None:
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    begun = head("/stories", "Transfer-Encoding: chunked") + chunk + chunk
    response = received(server, begun)  # it never ends
    assert response.startswith(b"HTTP/1.1 413 ")


def test_no_more_than_the_limit_is_read_of_a_body() -> None:
    received = []
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        received.append(1)
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
    asyncio.run(build_server(FakeApi().handler, None, None, None)(scope, receive, send))
    assert sent[0]["status"] == 413
    assert len(received) == 5  # 16,384 bytes, and the first part that is too much


@pytest.mark.parametrize("length", ["-1", "x", "1, 2", "9" * 30])
def test_a_malformed_length_is_rejected(server: Server, length: str) -> None:
    response = received(server, head("/stories", f"Content-Length: {length}") + b"{}")
    assert response == b"" or response.split()[1] in {b"400", b"413"}


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [(b'{"context": "\xff"}', 400, "bad-request"), (MEGABYTE, 413, "too-large")],
)
def test_a_rejection_before_the_routes_has_the_usual_headers(
    server: Server, body: bytes, status: int, problem: str
) -> None:
    response = server("POST", "/stories", body, headers={"Origin": ORIGIN})
    assert (response.status, response.problem) == (status, problem)
    assert SECURE.items() <= response.headers.items()
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert server("GET", "/health").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/..",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/stories/%2e%2e%2f/en",
        f"/stories/{'0' * 32}%0a/en",
        "/%ff%fe",
        "/media",
        "/media/%0a?expires=1",
        "//evil.example/stories",
        "/" + "x" * 8000,
    ],
)
def test_an_odd_address_is_a_problem_with_the_usual_headers(server: Server, path: str) -> None:
    response = server("GET", path)
    assert response.status in {400, 403, 404}
    assert response.headers["content-type"] == PROBLEM
    assert SECURE.items() <= response.headers.items()
    assert "passwd" not in response.body


@pytest.mark.parametrize("path", ["/health", "/locales", "/stories?locale=fr", "/nothing", "/openapi.json"])
def test_head_is_a_get_without_the_body(server: Server, path: str) -> None:
    head, get = server("HEAD", path), server("GET", path)
    assert (head.status, head.body) == (get.status, "")
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


def test_head_of_an_address_without_get_is_a_405_without_a_body(server: Server) -> None:
    response = server("HEAD", f"/stories/{'0' * 32}/locales")
    assert (response.status, response.body) == (405, "")
    assert "POST" in response.headers["allow"]


def test_a_preflight_is_allowed_for_the_origin_only(server: Server) -> None:
    requested = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    response = server("OPTIONS", "/stories", headers={"Origin": ORIGIN, **requested})
    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == ORIGIN
    stranger = server("OPTIONS", "/stories", headers={"Origin": "https://evil.example", **requested})
    assert "access-control-allow-origin" not in stranger.headers


def test_the_log_holds_no_idea_no_query_and_no_control_characters(server: Server) -> None:
    server("POST", "/", {"context": "a snail called Ermintrude"})
    server("GET", "/stories/%1b[31m%0a00:00:00%20200%20GET/forged")
    server("GET", "/health?secret=1")
    until(lambda: any(" GET /health " in line for line in server.lines))
    log = "".join(server.lines)
    assert " POST / " in log
    assert not [text for text in ("Ermintrude", "secret", "\x1b", "\n00:00:00") if text in log]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A built frontend."""
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<title>Stories</title>")
    (page / "assets" / "app.js").write_text("1")
    return page


def test_a_built_page_is_served_beside_the_api(page: Path) -> None:
    with TestClient(build_server(FakeApi().handler, None, None, page), HERE) as client:
        assert client.get("/").text == "<title>Stories</title>"
        assert client.get("/assets/app.js").status_code == 200
        assert client.post("/", json={"context": IDEA}).json()["status"] == "done"
        assert client.get("/health").json()["status"] == "ok"
        assert client.get("/nothing").headers["content-type"] == PROBLEM
        assert client.get("/assets/../../secret").status_code == 404
    with TestClient(build_server(FakeApi().handler, None, None, None), HERE) as client:
        assert client.get("/").status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/assets/none.js", 404), ("GET", "/assets/", 404), ("POST", "/assets/app.js", 405)],
)
def test_an_error_in_a_folder_of_the_page_is_a_problem(
    page: Path, method: str, path: str, status: int
) -> None:
    with TestClient(build_server(FakeApi().handler, None, None, page), HERE) as client:
        response = client.request(method, path)
    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == PROBLEM
    assert SECURE.items() <= response.headers.items()
    assert (response.headers.get("allow") == "GET, HEAD") is (status == 405)


@pytest.mark.parametrize("path", ["/health", "/", "/assets/app.js", "/media/x.mp3?expires=1"])
def test_an_unknown_host_name_opens_nothing(media: MediaStore, page: Path, path: str) -> None:
    server = build_server(FakeApi().handler, media, media.inner.path, page)
    with TestClient(server, "http://evil.example:8000") as client:
        response = client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (400, PROBLEM)
    assert response.json()["type"] == "urn:mvp-stories:problem:unknown-host"
    assert "--url http://evil.example:PORT" in response.json()["detail"]
    assert SECURE.items() <= response.headers.items()


@pytest.mark.parametrize(
    "called", ["http://127.0.0.1:8000", "http://localhost:8000", "http://192.0.2.7:9000"]
)
def test_media_urls_have_the_host_of_the_request(media: MediaStore, called: str) -> None:
    api = FakeApi(store=media.inner)
    server = build_server(api.handler, media, media.inner.path, None, as_called=True)
    with TestClient(server, called) as client:
        story = client.post("/", json={"context": "a snail who said /media/"}).json()
        sounds = [segment["audioUrl"] for segment in story["segments"]]
        for sound in (story["mp3Url"], story["downloadUrl"], *sounds):
            assert sound.startswith(f"{called}/media/")
        assert client.get(story["mp3Url"]).content.startswith(b"ID3")
        assert story["context"] == "a snail who said /media/"


def test_query_parameters_are_decoded(server: Server) -> None:
    assert server("GET", "/stories?locale=fr").status == 200
    assert server("GET", "/stories?locale=en&locale=fr").status in {200, 400}
    assert server("GET", "/stories?cursor=%00").status == 400
    assert server("GET", "/stories?locale=%ed%a0%80").status == 400


def test_callers_are_distinguished_by_their_address() -> None:
    api = FakeApi()
    ids = []
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
        server = build_server(api.handler, None, None, None)
        with TestClient(server, HERE, client=(address, 1)) as client:
            response = client.post("/stories", json={"context": IDEA}, headers={"Idempotency-Key": "tap"})
            ids.append(response.json()["id"])
    assert ids[0] == ids[2] != ids[1]
