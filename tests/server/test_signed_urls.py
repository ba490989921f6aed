"""Signed URLs: a signed file is served, whole or in ranges, until its URL expires; nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pipeline.api.responses import PROBLEM
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import ConfigError, RequestError
from pipeline.server.asgi import build_server
from pipeline.server.signed_urls import MediaStore, secret
from pipeline.storage import keys
from pipeline.storage.sounds import Sounds
from tests.api.calling import FakeApi
from tests.api.servers import serving
from tests.command import Stories

BASE = "http://127.0.0.1:8000"
KEY = "stories/4f1c/fr/abc.mp3"
SOUND = bytes(range(256)) * 40
ORIGIN = "https://stories.example.org"


@pytest.fixture
def media(tmp_path: Path) -> MediaStore:
    store = FileStore(tmp_path / "out")
    store.put(KEY, SOUND)
    store.put("server/else.txt", b"not signed for anybody")
    return MediaStore(store, BASE, secret(store), clock=lambda: 1_800_000_000.0)


@pytest.fixture
def client(media: MediaStore) -> Iterator[TestClient]:
    assert isinstance(media.inner, FileStore)
    server = build_server(FakeApi(origin=ORIGIN).handler, media, media.inner.path, None, ORIGIN)
    with TestClient(server, base_url=BASE) as client:
        yield client


def changed(url: str, **values: str) -> str:
    """The URL with other values in its query; "" removes a parameter."""
    address = urlsplit(url)
    query = {**dict(parse_qsl(address.query)), **values}
    return f"{address.path}?{urlencode({name: value for name, value in query.items() if value})}"


def test_a_signed_file_is_served_with_its_type_and_length(client: TestClient, media: MediaStore) -> None:
    response = client.get(media.url(KEY))
    assert response.status_code == 200
    assert response.content == SOUND
    assert response.headers["content-type"] == "audio/mpeg"
    assert response.headers["content-length"] == str(len(SOUND))
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["cache-control"] == "private, max-age=900"


def test_a_spoken_sentence_is_a_wav(client: TestClient, media: MediaStore) -> None:
    media.put("audio/4f/4f1c.wav", b"RIFF")
    response = client.get(media.url("audio/4f/4f1c.wav"))
    assert response.headers["content-type"] == "audio/wav"
    assert "content-disposition" not in response.headers


def test_head_sends_the_length_only(client: TestClient, media: MediaStore) -> None:
    response = client.head(media.url(KEY))
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-length"] == str(len(SOUND))


@pytest.mark.parametrize(
    ("requested", "served", "part"),
    [
        ("bytes=0-0", "bytes 0-0/10240", SOUND[:1]),
        ("bytes=100-199", "bytes 100-199/10240", SOUND[100:200]),
        ("bytes=-10", "bytes 10230-10239/10240", SOUND[-10:]),
    ],
)
def test_a_range_is_served(
    client: TestClient, media: MediaStore, requested: str, served: str, part: bytes
) -> None:
    response = client.get(media.url(KEY), headers={"range": requested})
    assert response.status_code == 206
    assert response.headers["content-range"] == served
    assert response.content == part


def test_a_range_beyond_the_file_is_a_416_with_the_length(client: TestClient, media: MediaStore) -> None:
    response = client.get(media.url(KEY), headers={"range": "bytes=10240-"})
    assert response.status_code == 416
    assert response.headers["content-range"].replace("bytes ", "") == "*/10240"


def test_overlapping_ranges_do_not_multiply_the_file(client: TestClient, media: MediaStore) -> None:
    requested = "bytes=" + ",".join(["0-10239"] * 500)
    response = client.get(media.url(KEY), headers={"range": requested})
    assert len(response.content) < 2 * len(SOUND)


def test_a_changed_url_is_rejected(client: TestClient, media: MediaStore) -> None:
    url = media.url(KEY, filename="Story.mp3")
    other = media.url("server/else.txt")
    signed = dict(parse_qsl(urlsplit(url).query))
    for tried in (
        urlsplit(url).path,
        changed(url, signature=""),
        changed(url, signature=signed["signature"][:-1] + ("0" if signed["signature"][-1] != "0" else "1")),
        changed(url, signature="é"),
        changed(url, expires=str(int(signed["expires"]) + 3600)),
        changed(url, expires=""),
        changed(url, expires="x"),
        changed(url, filename="Other.exe"),
        changed(url, filename=""),
        f"{urlsplit(other).path}?{urlsplit(url).query}",
        f"/media/{KEY}x?{urlsplit(url).query}",
    ):
        response = client.get(tried)
        assert response.status_code == 403, tried
        assert response.headers["content-type"] == PROBLEM
        assert response.json()["type"].endswith(":bad-signature")
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["access-control-allow-origin"] == ORIGIN


def test_an_expired_url_says_what_to_do(client: TestClient, media: MediaStore) -> None:
    response = client.get(media.url(KEY, expires_in=0))
    assert response.status_code == 403
    assert response.json()["type"].endswith(":expired-url")
    assert "ask for the story again" in response.json()["detail"]


def test_a_url_expires_by_the_clock(media: MediaStore) -> None:
    query = dict(parse_qsl(urlsplit(replace(media, clock=lambda: 1000.0).url(KEY, expires_in=60)).query))
    assert replace(media, clock=lambda: 1059.9).check(KEY, query) == ""
    with pytest.raises(RequestError) as caught:
        replace(media, clock=lambda: 1060.0).check(KEY, query)
    assert caught.value.problem == "expired-url"


@pytest.mark.parametrize("title", ["12: the snail.mp3", ":.mp3", "1:2:3.mp3"])
def test_a_file_name_cannot_extend_the_expiry(client: TestClient, media: MediaStore, title: str) -> None:
    """Key, expiry and name are signed as one text, whose parts may not be shifted into each other."""
    url = media.url(KEY, filename=title)
    assert client.get(url).status_code == 200
    expires = dict(parse_qsl(urlsplit(url).query))["expires"]
    head, _, tail = title.partition(":")
    response = client.get(changed(url, expires=f"{expires}:{head}", filename=tail))
    assert response.status_code == 403


@pytest.mark.parametrize(
    "key",
    ["../secret", "..%2fsecret", "stories/../../secret", "/etc/passwd", "stories/x\x00.mp3", "a\\..\\b"],
)
def test_no_key_leads_out_of_the_store(
    client: TestClient, media: MediaStore, tmp_path: Path, key: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    unsigned = client.get(f"/media/{quote(key)}?expires=9999999999&signature=0")
    signed = client.get(media.url(key))
    for response in (unsigned, signed):
        assert response.status_code >= 400
        assert "secret" not in response.text.replace("server", "")


def test_a_signed_file_that_is_gone_is_not_found(client: TestClient, media: MediaStore) -> None:
    for key in ("stories/4f1c/fr/gone.mp3", "stories"):
        response = client.get(media.url(key))
        assert response.status_code == 404
        assert response.headers["content-type"] == PROBLEM


def test_a_signed_url_is_read_only(client: TestClient, media: MediaStore) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        response = client.request(method, media.url(KEY))
        assert response.status_code == 405
        assert response.headers["allow"] == "GET, HEAD"
    assert media.get(KEY) == SOUND


@pytest.mark.parametrize(
    "title",
    [
        "L'été d'un escargot.mp3",
        "السلحفاة الصغيرة.mp3",
        'She said "hi"; filename=x.exe.mp3',
        "a/b\\c.mp3",
        "🐌.mp3",
    ],
)
def test_a_download_has_the_title_of_the_story(client: TestClient, media: MediaStore, title: str) -> None:
    response = client.get(media.url(KEY, filename=title))
    assert response.status_code == 200
    assert response.content == SOUND
    named = response.headers["content-disposition"]
    assert named.startswith("attachment; filename")
    assert quote(title) in named or f'filename="{title}"' in named


@given(st.text(), st.text(), st.integers(0, 10**12))
def test_every_signed_url_is_accepted_with_its_file_name(key: str, filename: str, expires_in: int) -> None:
    media = MediaStore(MemoryStore(), BASE, b"secret", clock=lambda: 0.0)
    try:
        url = media.url(key, expires_in + 1, filename)
    except UnicodeEncodeError:
        assert any("\ud800" <= char <= "\udfff" for char in key + filename)
        return
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    assert media.check(key, query) == filename
    with pytest.raises(RequestError):
        MediaStore(MemoryStore(), BASE, b"other", clock=lambda: 0.0).check(key, query)


def test_all_servers_of_a_store_share_its_secret(tmp_path: Path) -> None:
    first, second = secret(FileStore(tmp_path)), secret(FileStore(tmp_path))
    assert first == second
    assert len(bytes.fromhex(first.decode())) == 32
    assert secret(FileStore(tmp_path / "other")) != first


@pytest.mark.parametrize("damaged", [b"", b"0" * 63, b"0" * 65, b"0" * 63 + b"\n", b"z" * 64, b"\x00" * 64])
def test_a_damaged_key_is_refused_with_what_to_do(damaged: bytes, tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.put("server/media.key", damaged)
    with pytest.raises(
        ConfigError, match=r"server/media\.key of the store is damaged .* delete that file"
    ) as error:
        secret(store)
    assert error.value.problem == "damaged-key"


def test_a_url_signed_by_one_server_is_served_by_another_of_its_store(stories: Stories) -> None:
    with serving(stories, count=2) as [first, second]:
        story = first("POST", "/", {"context": "a shy snail"}).json
        for url in (story["mp3Url"], story["downloadUrl"], story["segments"][0]["audioUrl"]):
            assert url.startswith(f"{first.base}/media/")
            assert second("HEAD", url.removeprefix(first.base)).status == 200
        part = second("GET", story["mp3Url"].removeprefix(first.base), headers={"Range": "bytes=0-2"})
        assert (part.status, part.body) == (206, "ID3")


def test_a_damaged_sound_is_not_served_and_is_once_it_is_whole_again(media: MediaStore) -> None:
    """Also where it is damaged after it was served."""
    assert isinstance(media.inner, FileStore)
    key = keys.mp3("4f1c", "fr", SOUND)
    server = build_server(FakeApi().handler, media, media.inner.path, None, sounds=Sounds(media))
    with TestClient(server, base_url=BASE) as client:
        for data in (SOUND, SOUND[:-1] + b"!", SOUND, b"", SOUND[:100], SOUND):
            media.put(key, data)
            response = client.get(media.url(key), headers={"range": "bytes=0-9"})
            assert response.status_code == (206 if data == SOUND else 500)
            if data == SOUND:
                assert response.content == SOUND[:10]
            else:
                assert response.json()["type"].endswith(":damaged-sound")
