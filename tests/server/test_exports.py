"""Exports over HTTP: the same bytes as by the command, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from pipeline.engines.embedded.files import FileStore
from pipeline.exports import source
from pipeline.exports.formats import FORMATS
from pipeline.server.asgi import build_server
from pipeline.server.signed_urls import MediaStore
from tests.api.calling import FakeApi
from tests.exports.provenance.signing import read, signer_of
from tests.exports.stored import ID, manifest, stored

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    store = FileStore(tmp_path)
    stored(store, manifest(["Good night."], 'L\'été & "co"'))
    stored(store, manifest(["Bonne nuit."], "Un œuf", "fr"))
    stored(store, manifest(["Bonne", "nuit."], voice="low", locale="fr", pace=0.9))
    return store


@pytest.fixture
def client(store: FileStore) -> Iterator[TestClient]:
    media = MediaStore(store, BASE, b"secret")
    with TestClient(build_server(FakeApi(store).handler, media, store.path, None), base_url=BASE) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "name", "editions"),
    [
        ("en.epub", "epub", ["en"]),
        ("en+fr.epub", "epub", ["en", "fr"]),
        ("fr+en.html", "print", ["fr", "en"]),
        ("fr-x-low-p90.vtt", "vtt", ["fr-x-low-p90"]),
        ("en.m4b", "m4b", ["en"]),
        ("en.mp3", "mp3", ["en"]),
    ],
)
def test_an_export_is_the_commands_file(
    client: TestClient, store: FileStore, path: str, name: str, editions: list[str]
) -> None:
    response = client.get(f"/exports/{ID}/{path}")
    assert response.status_code == 200
    assert response.content == FORMATS[name].make(
        store, [source.edition(store, ID, edition) for edition in editions]
    )
    sounds = {"mp3": "audio/mpeg", "m4b": "audio/mp4"}
    types = {"epub": "application/epub+zip", "print": "text/html", "vtt": "text/vtt", **sounds}
    assert response.headers["content-type"].partition(";")[0] == types[name]
    assert "sandbox" in response.headers["content-security-policy"]


def test_a_file_is_saved_under_its_title_and_a_page_is_shown(client: TestClient) -> None:
    book = client.get(f"/exports/{ID}/en+fr.epub").headers["content-disposition"]
    assert unquote(book) == "attachment; filename*=utf-8''L-été-co.en-fr.epub"
    assert book.isascii()
    page = client.get(f"/exports/{ID}/fr.html").headers["content-disposition"]
    assert unquote(page) == "inline; filename*=utf-8''Un-œuf.fr.html"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{ID}/it.epub", 404),
        (f"{'0' * 32}/en.epub", 404),
        (f"{ID}/en.pdf", 404),
        (f"{ID}/..%2f..%2fserver.vtt", 404),
        ("", 404),
        (f"{ID}/en+fr.vtt", 400),
        (f"{ID}/en+en.epub", 400),
        (f"{ID}/en+fr-x-low-p90.epub", 400),
        (f"{ID}/{'en+' * 50}en.epub", 400),
    ],
)
def test_what_cannot_be_exported_is_a_problem(client: TestClient, path: str, status: int) -> None:
    response = client.get(f"/exports/{path}")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_a_damaged_story_is_a_problem(client: TestClient, store: FileStore) -> None:
    path = store.path(f"stories/{ID}/en/manifest.json")
    path.write_bytes(path.read_bytes().replace(b"night", b"fight"))
    response = client.get(f"/exports/{ID}/en.vtt")
    assert (response.status_code, response.json()["type"].endswith(":damaged-record")) == (500, True)


def test_a_missing_package_is_a_problem(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)  # type: ignore[arg-type]
    response = client.get(f"/exports/{ID}/en.m4b")
    assert (response.status_code, response.json()["type"].endswith("missing-package")) == (500, True)


def test_an_export_is_signed_by_the_servers_signer(store: FileStore) -> None:
    media = MediaStore(store, BASE, b"secret")
    server = build_server(FakeApi(store).handler, media, store.path, None, signer=signer_of(store))
    with TestClient(server, base_url=BASE) as client:
        response = client.get(f"/exports/{ID}/fr.mp3")
    assert response.headers["content-type"] == "audio/mpeg"
    assert read(response.content, "audio/mpeg")[0] == "Valid"


def test_an_export_is_read_only(client: TestClient) -> None:
    assert client.put(f"/exports/{ID}/en.epub").status_code == 405
