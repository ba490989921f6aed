"""The S3 store over real HTTP: moto's server for what S3 does, a scripted one for what may go wrong."""

from __future__ import annotations

import base64
import email.message
import hashlib
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from pipeline.engines.aws import s3
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.objects import attachment
from pipeline.engines.aws.s3 import S3Store
from pipeline.errors import (
    ConfigError,
    NotFoundError,
    StoreError,
    StoriesError,
    ThrottledError,
    UnavailableError,
)
from tests.engines.contracts.store_contract import StoreContract

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@dataclass
class Bucket:
    clients: Clients
    name: str

    def head(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.clients.get("s3").head_object(
            Bucket=self.name, Key=key, ChecksumMode="ENABLED"
        )
        return found


@pytest.fixture
def bucket(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto_url)
    clients = Clients()
    made = Bucket(clients, f"stories-{uuid.uuid4().hex[:12]}")
    clients.get("s3").create_bucket(
        Bucket=made.name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    yield made
    clients.get("s3").close()


@pytest.fixture
def store(bucket: Bucket) -> S3Store:
    return S3Store(bucket.clients, bucket.name)


class TestS3Store(StoreContract):
    @pytest.fixture
    def store(self, bucket: Bucket) -> S3Store:
        return S3Store(bucket.clients, bucket.name)


# What is written.


@pytest.mark.parametrize(
    ("key", "type_"),
    [
        ("stories/4f/story.json", "application/json"),
        ("stories/4f/en/a.mp3", "audio/mpeg"),
        ("audio/4f/a.wav", "audio/wav"),
        ("a/b.m4a", "audio/mp4"),
        ("page/index.html", "text/html; charset=utf-8"),
        ("A.MP3", "audio/mpeg"),
        ("quarantine/cache/a.json.0a1b2c3d", "application/octet-stream"),
        ("claims/stories", "application/octet-stream"),
    ],
)
def test_what_is_put_has_the_type_of_its_name(bucket: Bucket, store: S3Store, key: str, type_: str) -> None:
    store.put(key, b"x")
    assert bucket.head(key)["ContentType"] == type_
    assert store.put_if_absent(f"other/{key}", b"x")
    assert bucket.head(f"other/{key}")["ContentType"] == type_


@pytest.mark.parametrize("encryption", ["AES256", "aws:kms"])
def test_what_is_put_is_encrypted_and_keeps_its_checksum(bucket: Bucket, encryption: str) -> None:
    store = S3Store(bucket.clients, bucket.name, encryption=encryption)
    store.put("a", b"a dragon")
    store.put_if_absent("b", b"a dragon")
    for key in "ab":
        head = bucket.head(key)
        assert head["ServerSideEncryption"] == encryption
        assert base64.b64decode(head["ChecksumSHA256"]) == hashlib.sha256(b"a dragon").digest()


def test_an_unknown_encryption_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="AES256 or aws:kms"):
        S3Store(Clients(), "stories", encryption="rot13")


# Reading ranges.


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (0, 10), (3, 7), (9, 10), (9, 11), (5, 1000), (10, 11), (11, 12), (900, 901)]
)
def test_a_range_is_what_a_slice_gives(store: S3Store, start: int, end: int) -> None:
    data = b"0123456789"
    store.put("a.mp3", data)
    assert store.get_range("a.mp3", start, end) == data[start:end]


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (4, 3)])
def test_a_range_that_is_none_is_refused(store: S3Store, start: int, end: int) -> None:
    store.put("a", b"0123456789")
    with pytest.raises(StoreError) as caught:
        store.get_range("a", start, end)
    assert caught.value.problem == "bad-range"


def test_a_range_of_nothing_stored_is_not_found(store: S3Store) -> None:
    with pytest.raises(NotFoundError, match="a/b"):
        store.get_range("a/b", 0, 1)


# Lists.


def test_more_keys_than_a_page_holds_are_all_listed_in_order(bucket: Bucket, store: S3Store) -> None:
    keys = [f"cache/{number}.json" for number in range(1001)]
    for key in keys:
        bucket.clients.get("s3").put_object(Bucket=bucket.name, Key=key, Body=b"")
    store.put("cachet/1", b"")
    assert list(store.list("cache/")) == sorted(keys)


def test_keys_of_any_script_come_back_as_they_were_put_and_sorted(store: S3Store) -> None:
    keys = ["é", "e", "z", "قطة", "猫", "🌙", "a b", "a+b", "a%2Fb", "a&b=c", "a#b?c", "ﬀ", "\u00e9\u0301"]
    for key in keys:
        store.put(f"k/{key}", key.encode())
    assert list(store.list("k/")) == sorted(f"k/{key}" for key in keys)
    assert [store.get(key) for key in store.list("k/")] == [key.encode() for key in sorted(keys)]


# Keys and buckets that are none.

BAD_KEYS = (
    "/a",
    "../a",
    "a/../b",
    "a/..",
    "./a",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\ud800",
    "x" * 1025,
    "é" * 513,
)


class Untouched:
    """Clients that nobody may ask for."""

    def get(self, service: str) -> Any:
        raise AssertionError(f"asked for {service}")


@pytest.mark.parametrize("key", [*BAD_KEYS, "", "a//b", "a/"])
def test_what_is_no_key_reaches_no_service(key: str) -> None:
    store = S3Store(Untouched(), "stories")
    for use in (
        lambda: store.get(key),
        lambda: store.get_range(key, 0, 1),
        lambda: store.put(key, b""),
        lambda: store.put_if_absent(key, b""),
        lambda: store.url(key),
    ):
        with pytest.raises(StoreError) as caught:
            use()
        assert caught.value.problem == "bad-key"
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("prefix", BAD_KEYS)
def test_what_can_start_no_key_reaches_no_service(prefix: str) -> None:
    with pytest.raises(StoreError) as caught:
        list(S3Store(Untouched(), "stories").list(prefix))
    assert caught.value.problem == "bad-key"


def test_the_longest_key_is_a_key(store: S3Store) -> None:
    # Segments of under 256: what lies behind a stand-in may be files.
    key = "/".join(["é" * 100] * 5)[:-1] + "abcdefghijklmnopqrst"
    assert len(key.encode()) == 1022
    store.put(key + "xy", b"x")
    assert list(store.list("")) == [key + "xy"]


def test_no_bucket_is_said_at_the_first_use_with_how_to_set_it() -> None:
    store = S3Store(Untouched(), "")
    for use in (
        lambda: store.get("a"),
        lambda: store.get_range("a", 0, 1),
        lambda: store.put("a", b""),
        lambda: store.put_if_absent("a", b""),
        lambda: list(store.list("")),
        lambda: store.url("a"),
    ):
        with pytest.raises(ConfigError, match="export STORIES_BUCKET="):
            use()


def test_a_bucket_that_is_not_there_is_no_missing_key(bucket: Bucket) -> None:
    store = S3Store(bucket.clients, "stories-that-nobody-made")
    for use in (
        lambda: store.get("a"),
        lambda: store.put("a", b""),
        lambda: store.put_if_absent("a", b""),
        lambda: list(store.list("")),
    ):
        with pytest.raises(ConfigError, match="STORIES_BUCKET") as caught:
            use()
        assert "stories-that-nobody-made" in str(caught.value)


# URLs.


def test_anybody_with_the_url_reads_the_object_as_its_own_type(store: S3Store) -> None:
    store.put("stories/4f/en/a b+c.mp3", b"0123456789")
    url = store.url("stories/4f/en/a b+c.mp3")
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == b"0123456789"
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert "Content-Disposition" not in answer.headers
    part = urllib.request.Request(url, headers={"Range": "bytes=2-4"})
    with urllib.request.urlopen(part, timeout=10) as answer:
        assert (answer.status, answer.read()) == (206, b"234")


def test_a_url_is_signed_by_version_4_for_the_host_alone_and_lives_a_quarter_of_an_hour(
    bucket: Bucket, store: S3Store
) -> None:
    query = parse_qs(urlsplit(store.url("a.mp3")).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-SignedHeaders"] == ["host"]  # a browser sends no other
    assert query["X-Amz-Expires"] == ["900"]
    short = S3Store(bucket.clients, bucket.name, url_seconds=300)
    assert parse_qs(urlsplit(short.url("a.mp3")).query)["X-Amz-Expires"] == ["300"]
    assert parse_qs(urlsplit(short.url("a.mp3", expires_in=60)).query)["X-Amz-Expires"] == ["60"]


def test_a_session_signs_with_its_token(
    bucket: Bucket, store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-a-lambda-role")
    clients = Clients()
    url = S3Store(clients, bucket.name).url("a.mp3")
    clients.get("s3").close()
    assert parse_qs(urlsplit(url).query)["X-Amz-Security-Token"] == ["of-a-lambda-role"]


@pytest.mark.parametrize("seconds", [1, 2, 604_799, 604_800])
def test_a_url_may_live_from_a_second_to_a_week(store: S3Store, seconds: int) -> None:
    assert f"X-Amz-Expires={seconds}&" in store.url("a", expires_in=seconds)


@pytest.mark.parametrize("seconds", [-1, 0, 604_801])
def test_a_url_may_not_live_longer_or_not_at_all(store: S3Store, seconds: int) -> None:
    with pytest.raises(StoreError) as caught:
        store.url("a", expires_in=seconds)
    assert caught.value.problem == "bad-expiry"


def test_signing_asks_no_service(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    clients = Clients()
    assert S3Store(clients, "stories").url("a.mp3").startswith("http://127.0.0.1:9/stories/a.mp3?")
    clients.get("s3").close()


FILENAMES = {
    "story.mp3": 'attachment; filename="story.mp3"',
    "Léa et le dragon.mp3": (
        "attachment; filename=\"Lea et le dragon.mp3\"; filename*=UTF-8''L%C3%A9a%20et%20le%20dragon.mp3"
    ),
    "قطة.mp3": "attachment; filename=\"story.mp3\"; filename*=UTF-8''%D9%82%D8%B7%D8%A9.mp3",
    'a"b\\c/d.mp3': "attachment; filename=\"a_b_c_d.mp3\"; filename*=UTF-8''a%22b_c_d.mp3",
    "100%41.mp3": "attachment; filename=\"100_41.mp3\"; filename*=UTF-8''100%2541.mp3",
    "../../etc/passwd": 'attachment; filename="_.._etc_passwd"',
    "a\r\nSet-Cookie: x=1.mp3": 'attachment; filename="aSet-Cookie: x=1.mp3"',
}


@pytest.mark.parametrize("filename", FILENAMES)
def test_a_download_is_named_as_rfc_6266_has_it(store: S3Store, filename: str) -> None:
    assert attachment(filename) == FILENAMES[filename]
    store.put("a.mp3", b"x")
    with urllib.request.urlopen(store.url("a.mp3", filename=filename), timeout=10) as answer:
        assert answer.headers["Content-Disposition"] == FILENAMES[filename]


@given(st.text(max_size=60))
def test_any_filename_makes_one_line_of_ascii_that_says_it(filename: str) -> None:
    line = attachment(filename)
    assert line.isascii()
    assert line.isprintable()
    read = email.message.Message()
    read["Content-Disposition"] = line
    plain = read.get_param("filename", header="content-disposition", unquote=True)
    assert plain
    whole = unquote(line.partition("filename*=UTF-8''")[2]) or str(plain)
    assert not set(whole) & set("/\\\r\n\0")


# Faults: a scripted server, which counts.


@dataclass
class Turn:
    """How one request is answered. cut: so many bytes of the body, then the line is closed."""

    status: int = 200
    code: str = ""
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Scripted:
    """script: the turns of the next requests; the last one stays."""

    script: list[Turn]
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, method: str, headers: dict[str, str]) -> Turn:
        with self.lock:
            self.seen.append((method, headers))
            return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def serving(*script: Turn) -> Iterator[tuple[str, Scripted]]:
    scripted = Scripted(list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            turn = scripted.take(self.command, dict(self.headers.items()))
            body = turn.body
            if turn.code:
                body = f"<Error><Code>{turn.code}</Code><Message>scripted</Message></Error>".encode()
            self.send_response(turn.status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in turn.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: turn.cut])
            self.close_connection = turn.cut is not None

        do_GET = do_PUT = _answer  # noqa: N815, the names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", scripted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def faulty(monkeypatch: pytest.MonkeyPatch, *script: Turn) -> Iterator[tuple[S3Store, Scripted]]:
    with serving(*script) as (url, scripted):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        clients = Clients(timeouts={"s3": 5.0})
        yield S3Store(clients, "stories"), scripted
        clients.get("s3").close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the store would have slept."""
    slept: list[float] = []
    monkeypatch.setattr(s3.time, "sleep", slept.append)
    return slept


CONFLICT = Turn(409, "ConditionalRequestConflict")


def test_a_conflict_is_sent_again_after_a_growing_pause(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    with faulty(monkeypatch, CONFLICT, CONFLICT, Turn(200)) as (store, scripted):
        assert store.put_if_absent("a", b"x") is True
    assert len(scripted.seen) == 3
    assert all(headers["If-None-Match"] == "*" for _, headers in scripted.seen)
    assert pauses == sorted(pauses)
    assert 0 < sum(pauses) < 1


def test_a_conflict_may_end_in_somebody_elses_object(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    with faulty(monkeypatch, CONFLICT, Turn(412, "PreconditionFailed")) as (store, scripted):
        assert store.put_if_absent("a", b"x") is False
    assert len(scripted.seen) == 2


def test_a_conflict_that_does_not_end_is_asked_five_times_and_said_to_be_retryable(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    with faulty(monkeypatch, CONFLICT) as (store, scripted), pytest.raises(UnavailableError) as caught:
        store.put_if_absent("a", b"x")
    assert caught.value.retryable
    assert len(scripted.seen) == 5
    assert len(pauses) == 4


def test_another_conflict_is_not_sent_again(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    with faulty(monkeypatch, Turn(409, "OperationAborted")) as (store, scripted), pytest.raises(StoriesError):
        store.put_if_absent("a", b"x")
    assert len(scripted.seen) == 1
    assert pauses == []


def test_an_object_that_is_there_already_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty(monkeypatch, Turn(412, "PreconditionFailed")) as (store, scripted):
        assert store.put_if_absent("a", b"x") is False
    assert len(scripted.seen) == 1


@pytest.mark.parametrize("cut", [0, 1, 9_999])
def test_a_body_that_breaks_off_is_never_returned(monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    with (
        faulty(monkeypatch, Turn(body=b"x" * 10_000, cut=cut)) as (store, _),
        pytest.raises(UnavailableError),
    ):
        store.get("a")


def test_a_body_whose_checksum_does_not_match_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    checksum = base64.b64encode(hashlib.sha256(b"a dragon").digest()).decode()
    headers = {"x-amz-checksum-sha256": checksum}
    with faulty(
        monkeypatch, Turn(body=b"a dragon", headers=headers), Turn(body=b"a dragoo", headers=headers)
    ) as (
        store,
        scripted,
    ):
        assert store.get("a") == b"a dragon"
        with pytest.raises(UnavailableError):
            store.get("a")
    assert all(headers["x-amz-checksum-mode"] == "ENABLED" for _, headers in scripted.seen)


def test_a_server_that_ignores_ranges_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty(monkeypatch, Turn(body=b"0123456789")) as (store, _), pytest.raises(StoreError):
        store.get_range("a", 2, 5)


def test_a_refused_reading_is_no_missing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty(monkeypatch, Turn(403, "AccessDenied")) as (store, scripted), pytest.raises(ConfigError):
        store.get("a")
    assert len(scripted.seen) == 1


def test_a_busy_bucket_is_asked_a_bounded_number_of_times(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    with faulty(monkeypatch, Turn(503, "SlowDown")) as (store, scripted), pytest.raises(ThrottledError):
        store.get("a")
    assert len(scripted.seen) <= 5


def test_a_list_that_breaks_on_its_second_page_is_an_error_and_not_a_short_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = (
        b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
        b"<Contents><Key>a</Key></Contents></ListBucketResult>"
    )
    with faulty(monkeypatch, Turn(body=page), Turn(403, "AccessDenied")) as (store, scripted):
        listed = store.list("")
        assert next(listed) == "a"
        assert len(scripted.seen) == 1
        with pytest.raises(ConfigError):
            next(listed)


@pytest.mark.parametrize("cut", [0, 1, 60, 90])
def test_a_list_that_breaks_off_is_an_error_and_not_a_short_list(
    monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    listed = b"<Contents><Key>a</Key></Contents><IsTruncated>false</IsTruncated>"
    page = b"<ListBucketResult>" + listed + b"</ListBucketResult>"
    with faulty(monkeypatch, Turn(body=page, cut=cut)) as (store, _), pytest.raises(UnavailableError):
        list(store.list(""))


def test_a_list_without_a_body_is_not_an_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    with faulty(monkeypatch, Turn()) as (store, _), pytest.raises(UnavailableError):
        list(store.list(""))
