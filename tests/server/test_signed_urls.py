"""Signed addresses: what was signed is served, whole or in part, until it expires; nothing else is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import RequestError
from pipeline.server.asgi import build_server
from pipeline.server.signed_urls import MediaStore, secret
from tests.api.calling import PROBLEM, Calling
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
    return MediaStore(store, BASE, secret(store))


@pytest.fixture
def client(media: MediaStore) -> Iterator[TestClient]:
    assert isinstance(media.inner, FileStore)
    server = build_server(Calling(origin=ORIGIN).api, media, media.inner.path, None, ORIGIN)
    with TestClient(server, base_url=BASE) as client:
        yield client


def changed(url: str, **told: str) -> str:
    """The address with other values in its query; "" takes one away."""
    address = urlsplit(url)
    query = {**dict(parse_qsl(address.query)), **told}
    return f"{address.path}?{urlencode({name: value for name, value in query.items() if value})}"


def test_a_signed_file_is_served_as_what_it_is(client: TestClient, media: MediaStore) -> None:
    told = client.get(media.url(KEY))
    assert told.status_code == 200
    assert told.content == SOUND
    assert told.headers["content-type"] == "audio/mpeg"
    assert told.headers["content-length"] == str(len(SOUND))
    assert told.headers["accept-ranges"] == "bytes"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.headers["access-control-allow-origin"] == ORIGIN
    kept = re.fullmatch(r"private, max-age=(\d+)", told.headers["cache-control"])
    assert kept
    assert 890 <= int(kept[1]) <= 900


def test_a_spoken_sentence_is_a_wav(client: TestClient, media: MediaStore) -> None:
    media.put("audio/4f/4f1c.wav", b"RIFF")
    told = client.get(media.url("audio/4f/4f1c.wav"))
    assert told.headers["content-type"] == "audio/wav"
    assert "content-disposition" not in told.headers


def test_head_tells_the_length_and_sends_nothing(client: TestClient, media: MediaStore) -> None:
    told = client.head(media.url(KEY))
    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["content-length"] == str(len(SOUND))


@pytest.mark.parametrize(
    ("asked", "told", "part"),
    [
        ("bytes=0-0", "bytes 0-0/10240", SOUND[:1]),
        ("bytes=0-", "bytes 0-10239/10240", SOUND),
        ("bytes=100-199", "bytes 100-199/10240", SOUND[100:200]),
        ("bytes=-10", "bytes 10230-10239/10240", SOUND[-10:]),
        ("bytes=10000-99999", "bytes 10000-10239/10240", SOUND[10000:]),
    ],
)
def test_a_part_is_the_part_that_was_asked_for(
    client: TestClient, media: MediaStore, asked: str, told: str, part: bytes
) -> None:
    seen = client.get(media.url(KEY), headers={"range": asked})
    assert seen.status_code == 206
    assert seen.headers["content-range"] == told
    assert seen.content == part


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=20000-30000"])
def test_a_part_that_is_not_there_is_416_and_tells_the_length(
    client: TestClient, media: MediaStore, asked: str
) -> None:
    seen = client.get(media.url(KEY), headers={"range": asked})
    assert seen.status_code == 416
    assert seen.headers["content-range"].replace("bytes ", "") == "*/10240"


@pytest.mark.parametrize("asked", ["bytes=5-1", "bytes=x-y", "lines=1-2", "bytes="])
def test_a_range_that_is_none_does_no_harm(client: TestClient, media: MediaStore, asked: str) -> None:
    assert client.get(media.url(KEY), headers={"range": asked}).status_code in {200, 400, 416}


def test_two_parts_come_as_two_parts(client: TestClient, media: MediaStore) -> None:
    seen = client.get(media.url(KEY), headers={"range": "bytes=0-9,100-109"})
    assert seen.status_code == 206
    boundary = seen.headers["content-type"].removeprefix("multipart/byteranges; boundary=")
    parts = seen.content.split(b"--" + boundary.encode())
    assert [part.split(b"\r\n\r\n", 1)[1][:10] for part in parts[1:3]] == [SOUND[:10], SOUND[100:110]]


def test_many_overlapping_parts_are_no_more_than_the_file(client: TestClient, media: MediaStore) -> None:
    asked = "bytes=" + ",".join(["0-10239"] * 500)
    seen = client.get(media.url(KEY), headers={"range": asked})
    assert len(seen.content) < 2 * len(SOUND)


def test_what_was_not_signed_is_refused(client: TestClient, media: MediaStore) -> None:
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
        told = client.get(tried)
        assert told.status_code == 403, tried
        assert told.headers["content-type"] == PROBLEM
        assert told.json()["type"].endswith(":bad-signature")
        assert told.headers["x-content-type-options"] == "nosniff"
        assert told.headers["access-control-allow-origin"] == ORIGIN


def test_an_expired_address_says_what_to_do(client: TestClient, media: MediaStore) -> None:
    told = client.get(media.url(KEY, expires_in=0))
    assert told.status_code == 403
    assert told.json()["type"].endswith(":expired-url")
    assert "ask for the story again" in told.json()["detail"]


def test_it_expires_by_the_clock(media: MediaStore) -> None:
    query = dict(parse_qsl(urlsplit(replace(media, clock=lambda: 1000.0).url(KEY, expires_in=60)).query))
    assert replace(media, clock=lambda: 1059.9).check(KEY, query) == ""
    with pytest.raises(RequestError) as caught:
        replace(media, clock=lambda: 1060.0).check(KEY, query)
    assert caught.value.problem == "expired-url"


@pytest.mark.parametrize("title", ["12: the snail.mp3", ":.mp3", "1:2:3.mp3"])
def test_no_part_of_a_name_passes_for_an_expiry(client: TestClient, media: MediaStore, title: str) -> None:
    """key, expiry and name are signed as one text: where one ends and the next begins may not be moved."""
    url = media.url(KEY, filename=title)
    assert client.get(url).status_code == 200
    expires = dict(parse_qsl(urlsplit(url).query))["expires"]
    head, _, tail = title.partition(":")
    told = client.get(changed(url, expires=f"{expires}:{head}", filename=tail))
    assert told.status_code == 403


@pytest.mark.parametrize(
    "key",
    ["../secret", "..%2fsecret", "stories/../../secret", "/etc/passwd", "stories/x\x00.mp3", "a\\..\\b"],
)
def test_no_signature_leads_out_of_the_store(
    client: TestClient, media: MediaStore, tmp_path: Path, key: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    unsigned = client.get(f"/media/{quote(key)}?expires=9999999999&signature=0")
    signed = client.get(media.url(key))
    for told in (unsigned, signed):
        assert told.status_code >= 400
        assert "secret" not in told.text.replace("server", "")


def test_what_is_signed_but_gone_is_not_found(client: TestClient, media: MediaStore) -> None:
    for key in ("stories/4f1c/fr/gone.mp3", "stories"):
        told = client.get(media.url(key))
        assert told.status_code == 404
        assert told.headers["content-type"] == PROBLEM


def test_nothing_is_written_by_an_address(client: TestClient, media: MediaStore) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        told = client.request(method, media.url(KEY))
        assert told.status_code == 405
        assert told.headers["allow"] == "GET, HEAD"
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
def test_a_download_has_the_storys_title(client: TestClient, media: MediaStore, title: str) -> None:
    told = client.get(media.url(KEY, filename=title))
    assert told.status_code == 200
    assert told.content == SOUND
    named = told.headers["content-disposition"]
    assert named.startswith("attachment; filename")
    assert quote(title) in named or f'filename="{title}"' in named


@given(st.text(), st.text(), st.integers(0, 10**12))
def test_what_is_signed_is_accepted_and_names_its_file(key: str, filename: str, expires_in: int) -> None:
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


def test_a_store_keeps_one_secret_for_all_its_servers(tmp_path: Path) -> None:
    first, second = secret(FileStore(tmp_path)), secret(FileStore(tmp_path))
    assert first == second
    assert len(bytes.fromhex(first.decode())) == 32
    assert secret(FileStore(tmp_path / "other")) != first


def test_an_address_signed_by_one_server_is_served_by_another_and_by_none_of_another_store(
    stories: Stories, tmp_path: Path
) -> None:
    with serving(stories, how_many=2) as [first, second]:
        told = first("POST", "/", {"context": "a shy snail"}).json
        for url in (told["mp3Url"], told["downloadUrl"], told["segments"][0]["audioUrl"]):
            assert url.startswith(f"{first.base}/media/")
            address = url.removeprefix(first.base)
            assert [server("HEAD", address).status for server in (first, second)] == [200, 200]
        whole = told["mp3Url"].removeprefix(first.base)
        part = second("GET", whole, headers={"Range": "bytes=0-2"})
        assert (part.status, part.body) == (206, "ID3")
        (tmp_path / "apart").mkdir()
        with serving(Stories(tmp_path / "apart")) as [stranger]:
            assert stranger("GET", whole).status == 403
