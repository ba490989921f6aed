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
    return tmp_path


def policy(folder: Path, sound: str) -> dict[str, list[str]]:
    told = (
        TestClient(Starlette(routes=page_routes(folder, sound))).get("/").headers["content-security-policy"]
    )
    return {name: sources for name, *sources in (part.split() for part in told.split(";"))}


def test_a_page_may_run_and_fetch_only_what_is_its_own(folder: Path) -> None:
    told = policy(folder, "http://127.0.0.1:8000/media/x.mp3?expires=1")
    assert told["default-src"] == ["'none'"]
    assert told["script-src"] == told["style-src"] == told["connect-src"] == ["'self'"]
    assert not [source for sources in told.values() for source in sources if "unsafe" in source]


def test_sound_may_come_from_where_the_store_signs_it(folder: Path) -> None:
    assert policy(folder, "https://b.s3.amazonaws.com/x.mp3?X-Amz-Signature=1")["media-src"] == [
        "'self'",
        "https://b.s3.amazonaws.com",
    ]
    assert policy(folder, "memory:x.mp3")["media-src"] == ["'self'"]


@pytest.mark.parametrize("address", ["/", "/config.json", "/assets/app-4f1c.js", "/more/readme.txt"])
def test_every_file_of_the_folder_has_the_headers(folder: Path, address: str) -> None:
    headers = TestClient(Starlette(routes=page_routes(folder))).get(address).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "script-src 'self'" in headers["content-security-policy"]
    is_kept = address.startswith("/assets/")
    assert headers["cache-control"] == ("public, max-age=31536000, immutable" if is_kept else "no-cache")


def test_what_a_browser_has_already_is_not_sent_again(folder: Path) -> None:
    client = TestClient(Starlette(routes=page_routes(folder)))
    tag = client.get("/assets/app-4f1c.js").headers["etag"]
    again = client.get("/assets/app-4f1c.js", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in again.headers["cache-control"]


@pytest.mark.parametrize("address", ["/", "/config.json", "/assets/app-4f1c.js"])
def test_amplify_gives_each_file_the_same_headers(folder: Path, address: str) -> None:
    amplify = on_amplify(address)
    served = TestClient(Starlette(routes=page_routes(folder))).get(address).headers
    assert policies(amplify.pop("content-security-policy")) == policies(served["content-security-policy"])
    assert amplify.pop("strict-transport-security")  # says nothing on a laptop, where there is no TLS
    assert {name: served.get(name) for name in amplify} == amplify


def on_amplify(address: str) -> dict[str, str]:
    """By customHttp.yml: of the patterns that fit, a later one's value stands."""
    file = yaml.safe_load((Path(__file__).parents[2] / "customHttp.yml").read_text("utf-8"))
    tables = [one["headers"] for one in file["customHeaders"] if fits(one["pattern"], address)]
    assert tables
    return {one["key"].lower(): one["value"] for table in tables for one in table}


def fits(pattern: str, address: str) -> bool:
    """The two kinds of pattern that we use: everything, and everything in a folder."""
    assert pattern.endswith("**"), pattern
    return address.removeprefix("/").startswith(pattern.removesuffix("**"))


def policies(told: str) -> dict[str, list[str]]:
    """Without the places of other origins."""
    parts = (part.split() for part in told.split(";"))
    return {name: [source for source in sources if "ORIGIN" not in source] for name, *sources in parts}
