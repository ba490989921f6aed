"""Range requests for a file (RFC 9110, section 14)."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pipeline.server.ranges import Ranges

SOUND = b"0123456789"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    path = tmp_path / "sound.mp3"
    path.write_bytes(SOUND)
    route = Route("/", lambda _: FileResponse(path), methods=["GET", "HEAD"])
    return TestClient(Starlette(routes=[route], middleware=[Middleware(Ranges)]))


@pytest.mark.parametrize(
    ("header", "content", "part"),
    [
        ("bytes=0-2", "bytes 0-2/10", b"012"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-2", "bytes 8-9/10", b"89"),
        ("bytes=-20", "bytes 0-9/10", SOUND),
        ("bytes=3-99", "bytes 3-9/10", b"3456789"),
        ("Bytes=9-9", "bytes 9-9/10", b"9"),
    ],
)
def test_one_range_is_answered_with_that_part(
    client: TestClient, header: str, content: str, part: bytes
) -> None:
    response = client.get("/", headers={"Range": header})
    assert (response.status_code, response.headers["content-range"]) == (206, content)
    assert response.content == part


@pytest.mark.parametrize(
    "header",
    [
        "items=0-1",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=3-1",
        "bytes=0-0-0",
        "bytes=0-1,5-6",
        "bytes=0-1,99-",
        "bytes=0-" + "9" * 5000,
        "bytes=" + ",".join(["0-"] * 1000),
        "none",
        "",
    ],
)
def test_an_unknown_an_invalid_or_a_multiple_range_is_ignored(client: TestClient, header: str) -> None:
    response = client.get("/", headers={"Range": header})
    assert (response.status_code, response.content) == (200, SOUND)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_beyond_the_end_is_a_416_with_the_size(client: TestClient, header: str) -> None:
    response = client.get("/", headers={"Range": header})
    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */10")


def test_two_range_headers_are_ignored(client: TestClient) -> None:
    response = client.get("/", headers=[("Range", "bytes=0-1"), ("Range", "bytes=5-6")])
    assert (response.status_code, response.content) == (200, SOUND)


def test_a_range_is_of_a_get_only(client: TestClient) -> None:
    response = client.head("/", headers={"Range": "bytes=0-1"})
    assert (response.status_code, response.headers["content-length"]) == (200, "10")


@pytest.mark.parametrize(
    ("validator", "status"),
    [("etag", 206), ("last-modified", 206), ("weak", 200), ("other", 200), ("date", 200)],
)
def test_if_range_gives_the_part_of_the_same_file_only(
    client: TestClient, validator: str, status: int
) -> None:
    headers = client.get("/").headers
    given = {
        "weak": f"W/{headers['etag']}",
        "other": '"other"',
        "date": "Sun, 06 Nov 1994 08:49:37 GMT",
    }.get(validator, headers.get(validator, ""))
    response = client.get("/", headers={"Range": "bytes=0-2", "If-Range": given})
    assert response.status_code == status
    assert response.content == (b"012" if status == 206 else SOUND)
