"""Podcast feeds over HTTP: what a client downloads, until the address is revoked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest
import webvtt
from starlette.testclient import TestClient

from pipeline.engines.embedded.files import FileStore
from pipeline.exports.feeds import tokens
from pipeline.server.asgi import build_server
from pipeline.server.signed_urls import MediaStore
from pipeline.storage import shelf
from pipeline.storage.sounds import Sounds
from pipeline.types import Manifest
from tests.api.calling import FakeApi
from tests.exports.stored import ID, manifest, stored

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path)


@pytest.fixture
def client(store: FileStore) -> Iterator[TestClient]:
    media = MediaStore(store, BASE, b"secret")
    server = build_server(
        FakeApi(store).handler, media, store.path, None, as_called=True, sounds=Sounds(store)
    )
    with TestClient(server, base_url=BASE) as client:
        yield client


@pytest.fixture
def story(store: FileStore) -> Manifest:
    kept = stored(store, manifest(["A snail slept.", "Good night."]))
    shelf.publish(store, kept)
    return kept


@pytest.fixture
def address(store: FileStore) -> str:
    return f"/feeds/{tokens.create(store, 'en').token}.xml"


def test_a_client_reads_the_feed_and_downloads_sound_picture_and_transcript(
    client: TestClient, store: FileStore, story: Manifest, address: str
) -> None:
    response = client.get(address)
    assert response.headers["content-type"].startswith("application/rss+xml")
    assert response.headers["x-robots-tag"] == "noindex"
    parsed = feedparser.parse(response.content)
    assert not parsed.bozo
    (entry,) = parsed.entries
    (enclosure,) = entry.enclosures
    sound = client.get(enclosure.href)
    assert (sound.status_code, sound.content) == (200, store.get(story.mp3))
    assert (sound.headers["content-type"], sound.headers["content-length"]) == (
        enclosure.type,
        enclosure.length,
    )
    assert client.get(entry.image.href).content.startswith(b"\x89PNG\r\n\x1a\n")
    transcript = client.get(enclosure.href.replace(".mp3", ".vtt"))
    assert transcript.headers["content-type"].startswith("text/vtt")
    assert len(webvtt.WebVTT.from_string(transcript.text, strict=True)) == 2


def test_a_client_may_go_on_with_a_sound_in_the_middle(
    client: TestClient, store: FileStore, story: Manifest, address: str
) -> None:
    sound = client.get(address.replace(".xml", f"/{ID}/en.mp3"), headers={"Range": "bytes=100-199"})
    assert (sound.status_code, sound.content) == (206, store.get(story.mp3)[100:200])


def test_addresses_are_those_of_the_server_as_the_client_called_it(
    client: TestClient, story: Manifest, address: str
) -> None:
    parsed = feedparser.parse(client.get(address, headers={"Host": "192.168.1.20:8000"}).content)
    assert parsed.feed.link == "http://192.168.1.20:8000/"
    assert urlsplit(parsed.entries[0].enclosures[0].href).netloc == "192.168.1.20:8000"


def test_a_revoked_address_and_all_below_it_are_gone(
    client: TestClient, store: FileStore, story: Manifest, address: str
) -> None:
    files = [address.replace(".xml", f"/{ID}/en.{kind}") for kind in ("mp3", "vtt", "png")]
    assert {client.get(each).status_code for each in (address, *files)} == {200}
    tokens.revoke(store, address[7:20])
    assert {client.get(each).status_code for each in (address, *files)} == {404}


def test_the_files_of_stories_that_are_not_in_the_feed_are_not_served(
    client: TestClient, store: FileStore, story: Manifest, address: str
) -> None:
    stored(store, manifest(["Secret."], story_id="e" * 32))
    shelf.publish(store, stored(store, manifest(["Dors."], locale="fr")))
    for path in (f"/{'e' * 32}/en.mp3", f"/{ID}/fr.mp3", f"/{ID}/en.json", f"/{ID}/../en.mp3"):
        assert client.get(address.replace(".xml", path)).status_code == 404
    other = stored(store, manifest(["Slow."], voice="low", pace=0.9))
    shelf.publish(store, other)
    assert client.get(address.replace(".xml", f"/{ID}/en-x-low-p90.mp3")).status_code == 200
    shelf.withhold(store, ID, "en")
    assert client.get(address.replace(".xml", f"/{ID}/en.mp3")).status_code == 404


@pytest.mark.parametrize(
    "path", ["", "feed.xml", f"{'0' * 32}.xml", f"{'0' * 32}/", "%2e%2e/server/media.key"]
)
def test_what_is_no_feed_is_not_there(client: TestClient, story: Manifest, address: str, path: str) -> None:
    response = client.get(f"/feeds/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_a_damaged_sound_is_not_served(
    client: TestClient, store: FileStore, story: Manifest, address: str
) -> None:
    store.path(story.mp3).write_bytes(store.get(story.mp3)[:500])
    response = client.get(address.replace(".xml", f"/{ID}/en.mp3"))
    assert response.status_code == 500
    assert response.json()["type"].endswith("damaged-sound")


def test_a_feed_is_read_only(client: TestClient, address: str) -> None:
    response = client.post(address)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
