from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipeline.server.static_files import page_routes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>Stories</title>")
    (tmp_path / "assets" / "app-4f1c.js").write_text("1")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "readme.txt").write_text("more")
    (tmp_path / "config.json").write_text('{"api": ""}')
    (tmp_path / "sw.js").write_text("1")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "manifest-en.webmanifest").write_text("{}")
    return tmp_path


def policy(folder: Path, sound: str) -> dict[str, list[str]]:
    header = (
        TestClient(Starlette(routes=page_routes(folder, sound))).get("/").headers["content-security-policy"]
    )
    return {name: sources for name, *sources in (part.split() for part in header.split(";"))}


def test_the_policy_allows_the_own_origin_only(folder: Path) -> None:
    directives = policy(folder, "http://127.0.0.1:8000/media/x.mp3?expires=1")
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == directives["style-src"] == ["'self'"]
    assert directives["worker-src"] == directives["manifest-src"] == ["'self'"]
    assert directives["connect-src"] == ["'self'", "http://127.0.0.1:8000"]
    assert not [source for sources in directives.values() for source in sources if "unsafe" in source]


def test_the_policy_allows_audio_from_the_store(folder: Path) -> None:
    """For a player, and for the service worker, which fetches for it."""
    directives = policy(folder, "https://b.s3.amazonaws.com/x.mp3?X-Amz-Signature=1")
    assert directives["connect-src"] == ["'self'", "https://b.s3.amazonaws.com"]
    assert directives["media-src"] == ["'self'", "blob:", "https://b.s3.amazonaws.com"]
    assert policy(folder, "memory:x.mp3")["media-src"] == ["'self'", "blob:"]


@pytest.mark.parametrize(
    "address", ["/", "/config.json", "/sw.js", "/assets/app-4f1c.js", "/more/readme.txt"]
)
def test_every_file_of_the_folder_has_the_headers(folder: Path, address: str) -> None:
    headers = TestClient(Starlette(routes=page_routes(folder))).get(address).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "script-src 'self'" in headers["content-security-policy"]
    is_kept = address.startswith("/assets/")
    assert headers["cache-control"] == ("public, max-age=31536000, immutable" if is_kept else "no-cache")


def test_files_of_an_installable_page_have_their_types(folder: Path) -> None:
    client = TestClient(Starlette(routes=page_routes(folder)))
    types = [
        client.get(address).headers["content-type"] for address in ("/sw.js", "/app/manifest-en.webmanifest")
    ]
    assert types == ["text/javascript; charset=utf-8", "application/manifest+json"]


def test_an_unchanged_file_is_a_304(folder: Path) -> None:
    client = TestClient(Starlette(routes=page_routes(folder)))
    tag = client.get("/assets/app-4f1c.js").headers["etag"]
    again = client.get("/assets/app-4f1c.js", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in again.headers["cache-control"]


@pytest.mark.parametrize("address", ["/", "/config.json", "/sw.js", "/assets/app-4f1c.js"])
def test_amplify_gives_each_file_the_same_headers(folder: Path, address: str) -> None:
    amplify = on_amplify(address)
    served = TestClient(Starlette(routes=page_routes(folder))).get(address).headers
    assert policies(amplify.pop("content-security-policy")) == policies(served["content-security-policy"])
    assert amplify.pop("strict-transport-security")  # says nothing on a laptop, where there is no TLS
    assert {name: served.get(name) for name in amplify} == amplify


def on_amplify(address: str) -> dict[str, str]:
    """By customHttp.yml: of the matching patterns, the last one's value holds."""
    file = yaml.safe_load((Path(__file__).parents[2] / "customHttp.yml").read_text("utf-8"))
    tables = [rule["headers"] for rule in file["customHeaders"] if fits(rule["pattern"], address)]
    assert tables
    return {header["key"].lower(): header["value"] for table in tables for header in table}


def fits(pattern: str, address: str) -> bool:
    """The two kinds of pattern that we use: everything, and everything in a folder."""
    assert pattern.endswith("**"), pattern
    return address.removeprefix("/").startswith(pattern.removesuffix("**"))


def policies(header: str) -> dict[str, list[str]]:
    """Without what a stage fills in."""
    parts = (part.split() for part in header.split(";"))
    return {name: [source for source in sources if not source.startswith("${")] for name, *sources in parts}
