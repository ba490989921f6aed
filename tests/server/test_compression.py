"""The page's files, compressed where the browser takes that."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from pipeline.server.compression import accepts_gzip
from pipeline.server.ranges import Ranges
from pipeline.server.static_files import page_routes

SCRIPT = "const words = ['a shy snail', 'a lost star'];\n" * 200
ADDRESSES = ["/assets/app-4f1c.js", "/"]


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(SCRIPT)
    (tmp_path / "assets" / "app-4f1c.js").write_text(SCRIPT)
    (tmp_path / "assets" / "picture.png").write_bytes(SCRIPT.encode())
    (tmp_path / "config.json").write_text('{"api": ""}')
    app = Starlette(routes=page_routes(tmp_path), middleware=[Middleware(Ranges)])
    return TestClient(app)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_text_is_compressed_for_a_browser(client: TestClient, address: str) -> None:
    with client.stream("GET", address, headers={"Accept-Encoding": "gzip, deflate, br"}) as response:
        sent = b"".join(response.iter_raw())
    assert gzip.decompress(sent).decode() == SCRIPT
    headers = response.headers
    assert (headers["content-encoding"], headers["content-length"]) == ("gzip", str(len(sent)))
    assert headers["vary"] == "Accept-Encoding"
    assert len(sent) < len(SCRIPT) / 10
    assert "script-src 'self'" in headers["content-security-policy"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_another_client_receives_it_as_it_is(client: TestClient, address: str) -> None:
    response = client.get(address, headers={"Accept-Encoding": "identity"})
    assert response.text == SCRIPT
    assert "content-encoding" not in response.headers
    # A cache between them keeps the two apart.
    assert response.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("address", ["/config.json", "/assets/picture.png"])
def test_small_files_and_pictures_stay_as_they_are(client: TestClient, address: str) -> None:
    assert "content-encoding" not in client.get(address).headers


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_each_representation_has_its_own_tag(client: TestClient, address: str, coding: str) -> None:
    other = {"gzip": "identity", "identity": "gzip"}[coding]
    tag = client.get(address, headers={"Accept-Encoding": coding}).headers["etag"]
    again = client.get(address, headers={"Accept-Encoding": coding, "If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    changed = client.get(address, headers={"Accept-Encoding": other, "If-None-Match": tag})
    assert changed.status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_new_build_is_compressed_anew(client: TestClient, tmp_path: Path, address: str) -> None:
    before = client.get(address).headers["etag"]
    (tmp_path / ("index.html" if address == "/" else address[1:])).write_text(SCRIPT + "new")
    after = client.get(address, headers={"If-None-Match": before})
    assert (after.status_code, after.text) == (200, SCRIPT + "new")


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_has_the_headers_of_get(client: TestClient, address: str) -> None:
    get, head = client.get(address), client.head(address)
    names = ("content-length", "content-encoding", "etag", "content-type", "vary")
    assert [head.headers[name] for name in names] == [get.headers[name] for name in names]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_range_is_of_the_file_as_it_is(client: TestClient, address: str) -> None:
    response = client.get(address, headers={"Range": "bytes=6-10", "Accept-Encoding": "gzip"})
    assert (response.status_code, response.text) == (206, "words")
    assert "content-encoding" not in response.headers
    # One that may be ignored is: then the whole is sent, and compressed.
    ignored = client.get(address, headers={"Range": "items=0-1", "Accept-Encoding": "gzip"})
    assert (ignored.status_code, ignored.headers["content-encoding"]) == (200, "gzip")


@pytest.mark.parametrize(
    "header",
    [
        "gzip",
        "GZip",
        "br, gzip",
        "gzip;q=0.001",
        "gzip ; q=1.000",
        "*",
        "identity, *;q=0.5",
        "br;q=2, gzip",
        ",,gzip,",
    ],
)
def test_gzip_is_accepted_where_a_header_says_so(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    ["", "identity", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "gzipped", "x-gzip-2", "gzip;q=", "gzip;q=nan",
     "gzip;q=-1", "gzip;q=1e9", "gzip q=1", "gzip;level=9", "\x00gzip", "gzıp", ";;;=", "br;q=1;gzip"],
)  # fmt: skip
def test_gzip_is_not_sent_where_it_is_not_accepted(header: str) -> None:
    assert not accepts_gzip(header)


def test_any_header_is_answered(client: TestClient) -> None:
    """The longest that the server lets in, and noise; the seed is fixed."""
    noise = random.Random(18)
    signs = 'gzip;q=01.,* \t*br-_"\\'
    headers = ["".join(noise.choices(signs, k=noise.randrange(60))) for _ in range(200)]
    for header in [*headers, "gzip;" * 3000, "," * 16_000, "gzip;q=0" + "0" * 16_000]:
        response = client.get("/", headers={"Accept-Encoding": header})
        assert (response.status_code, response.text) == (200, SCRIPT)
