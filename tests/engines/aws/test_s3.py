"""The S3 store over real HTTP: the local AWS for what S3 does, a scripted server for what may go wrong.

The contract suite is in test_contracts.py.
"""

from __future__ import annotations

import base64
import email.message
import hashlib
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local_aws import LocalAws
from pipeline.engines.aws import s3
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.objects import attachment, content_type
from pipeline.engines.aws.s3 import S3Store
from pipeline.errors import ConfigError, StoreError, StoriesError, UnavailableError
from tests.engines.aws.loopback import account
from tests.engines.contracts.store_contract import calls_of
from tests.engines.loopback import Loopback, Script


@pytest.fixture
def store(aws: LocalAws) -> S3Store:
    return S3Store(Clients(), os.environ["STORIES_BUCKET"])


CONTENT_TYPES = {
    "stories/4f/story.json": "application/json",
    "A.MP3": "audio/mpeg",
    "page/index.html": "text/html; charset=utf-8",
    "quarantine/cache/a.json.0a1b2c3d": "application/octet-stream",
    "claims/stories": "application/octet-stream",
}


def test_the_content_type_comes_from_the_extension() -> None:
    assert {key: content_type(key) for key in CONTENT_TYPES} == CONTENT_TYPES


@pytest.mark.parametrize("encryption", ["AES256", "aws:kms"])
def test_objects_are_encrypted_and_keep_their_type_and_checksum(aws: LocalAws, encryption: str) -> None:
    clients, bucket = Clients(), os.environ["STORIES_BUCKET"]
    store = S3Store(clients, bucket, encryption=encryption)
    store.put("a.mp3", b"a dragon")
    store.put_if_absent("b.mp3", b"a dragon")
    for key in ("a.mp3", "b.mp3"):
        head = clients.get("s3").head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        assert head["ContentType"] == "audio/mpeg"
        assert head["ServerSideEncryption"] == encryption
        assert base64.b64decode(head["ChecksumSHA256"]) == hashlib.sha256(b"a dragon").digest()


def test_an_unknown_encryption_is_rejected_at_once() -> None:
    with pytest.raises(ConfigError, match="AES256 or aws:kms"):
        S3Store(Clients(), "stories", encryption="rot13")


def test_keys_of_any_script_are_listed_sorted_and_unchanged(store: S3Store) -> None:
    keys = ["é", "e", "z", "قطة", "猫", "🌙", "a b", "a+b", "a%2Fb", "a&b=c", "a#b?c", "ﬀ", "\u00e9\u0301"]
    for key in keys:
        store.put(f"k/{key}", key.encode())
    assert list(store.list("k/")) == sorted(f"k/{key}" for key in keys)
    assert [store.get(key) for key in store.list("k/")] == [key.encode() for key in sorted(keys)]


BAD_KEYS = ["/a", "../a", "a/../b", "a/..", "./a", "a\\b", "a\0b", "a\nb", "a\x7fb", "a\ud800", "é" * 513]


class Untouched:
    """Clients that may not be used."""

    def get(self, service: str) -> Any:
        raise AssertionError(service)


@pytest.mark.parametrize("key", [*BAD_KEYS, "", "a//b", "a/"])
def test_a_bad_key_reaches_no_service(key: str) -> None:
    calls = calls_of(S3Store(Untouched(), "stories"), key)
    if key not in BAD_KEYS:
        del calls["list"]
    for call in calls.values():
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.problem == "bad-key"
        assert "\n" not in str(caught.value)


def test_the_longest_key_is_valid(store: S3Store) -> None:
    # Segments of under 256: the local AWS may keep objects in files.
    key = "/".join(["é" * 100] * 5) + "/abcdefghijklmnopqr"
    key += "x" * (1024 - len(key.encode()))
    store.put(key, b"x")
    assert list(store.list("")) == [key]


def test_a_missing_or_unnamed_bucket_is_reported_with_the_setting(aws: LocalAws) -> None:
    for clients, bucket in ((Untouched(), ""), (Clients(), "stories-that-do-not-exist")):
        calls = calls_of(S3Store(clients, bucket), "a")
        if bucket:
            del calls["url"]
        for call in calls.values():
            with pytest.raises(ConfigError, match="STORIES_BUCKET") as caught:
                call()
            assert bucket in str(caught.value)


def test_a_url_gives_the_object_as_its_own_type_and_its_ranges(store: S3Store) -> None:
    store.put("stories/4f/en/a b+c.mp3", b"0123456789")
    url = store.url("stories/4f/en/a b+c.mp3")
    with urllib.request.urlopen(url, timeout=30) as reply:
        assert reply.read() == b"0123456789"
        assert reply.headers["Content-Type"] == "audio/mpeg"
        assert "Content-Disposition" not in reply.headers
    part = urllib.request.Request(url, headers={"Range": "bytes=2-4"})
    with urllib.request.urlopen(part, timeout=30) as reply:
        assert (reply.status, reply.read()) == (206, b"234")


def test_a_url_is_signed_by_version_4_for_the_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No service is called. A browser sends no other header than the host."""
    account(monkeypatch, AWS_ENDPOINT_URL_S3="http://127.0.0.1:9", AWS_SESSION_TOKEN="of-a-lambda-role")
    store = S3Store(Clients(), "stories")
    assert store.url("a.mp3").startswith("http://127.0.0.1:9/stories/a.mp3?")
    query = parse_qs(urlsplit(store.url("a.mp3")).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-SignedHeaders"] == ["host"]
    assert query["X-Amz-Security-Token"] == ["of-a-lambda-role"]
    assert query["X-Amz-Expires"] == ["900"]
    assert "X-Amz-Expires=300&" in S3Store(Clients(), "stories", url_seconds=300).url("a.mp3")


def test_a_url_may_live_from_a_second_to_a_week(store: S3Store) -> None:
    for seconds in (1, 604_800):
        assert f"X-Amz-Expires={seconds}&" in store.url("a", expires_in=seconds)
    for seconds in (-1, 0, 604_801):
        with pytest.raises(StoreError, match=f"{seconds} seconds: choose 1 to 604800"):
            store.url("a", expires_in=seconds)


def test_deletion_leaves_no_version_and_no_marker_of_exactly_the_key(store: S3Store) -> None:
    client, bucket = Clients().get("s3"), os.environ["STORIES_BUCKET"]
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("k/a", "k/a", "k/a b+c", "k/a.json", "k/b"):
        store.put(key, b"a dragon")
    client.delete_object(Bucket=bucket, Key="k/a")
    client.delete_object(Bucket=bucket, Key="k/b")
    store.delete(["k/a", "k/a b+c", "k/c"])
    left = client.list_object_versions(Bucket=bucket, Prefix="k/")
    assert [entry["Key"] for entry in left["Versions"]] == ["k/a.json", "k/b"]
    assert [entry["Key"] for entry in left["DeleteMarkers"]] == ["k/b"]


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


def test_a_download_is_named_by_rfc_6266(store: S3Store) -> None:
    store.put("a.mp3", b"x")
    for filename, disposition in FILENAMES.items():
        assert attachment(filename) == disposition
        with urllib.request.urlopen(store.url("a.mp3", filename=filename), timeout=30) as reply:
            assert reply.headers["Content-Disposition"] == disposition


@given(st.text(max_size=60))
def test_any_filename_becomes_one_line_of_ascii(filename: str) -> None:
    line = attachment(filename)
    assert line.isascii()
    assert line.isprintable()
    message = email.message.Message()
    message["Content-Disposition"] = line
    plain = message.get_param("filename", header="content-disposition", unquote=True)
    assert plain
    whole = unquote(line.partition("filename*=UTF-8''")[2]) or str(plain)
    assert not set(whole) & set("/\\\r\n\0")


# Faults: a scripted server, which counts.


def turn(
    status: int = 200, code: str = "", body: bytes = b"", cut: int | None = None, **headers: str
) -> Script:
    if code:
        body = f"<Error><Code>{code}</Code><Message>scripted</Message></Error>".encode()
    return lambda request: request.reply(body, status, cut, **headers)


CONFLICT = turn(409, "ConditionalRequestConflict")
EXISTS = turn(412, "PreconditionFailed")


@contextmanager
def scripted(monkeypatch: pytest.MonkeyPatch, *turns: Script) -> Iterator[tuple[S3Store, Loopback]]:
    """The turns of the next requests; the last one stays."""
    remaining = list(turns)
    with Loopback(lambda request: (remaining.pop(0) if remaining[1:] else remaining[0])(request)) as server:
        account(monkeypatch, AWS_ENDPOINT_URL_S3=server.url)
        clients = Clients()
        yield S3Store(clients, "stories"), server
        clients.get("s3").close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The sleeps of the store, which do not happen."""
    slept: list[float] = []
    monkeypatch.setattr(s3.time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize(
    ("turns", "wrote"),
    [((CONFLICT, CONFLICT, turn()), True), ((CONFLICT, EXISTS), False), ((EXISTS,), False)],
)
def test_a_conditional_write_is_sent_again_after_a_conflict(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float], turns: tuple[Script, ...], wrote: bool
) -> None:
    with scripted(monkeypatch, *turns) as (store, server):
        assert store.put_if_absent("a", b"x") is wrote
    assert [received.headers["if-none-match"] for received in server.received] == ["*"] * len(turns)
    assert pauses == sorted(pauses)
    assert len(pauses) == len(turns) - 1


def test_a_conflict_without_end_is_retryable_after_five_requests(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    with scripted(monkeypatch, CONFLICT) as (store, server), pytest.raises(UnavailableError) as caught:
        store.put_if_absent("a", b"x")
    assert caught.value.retryable
    assert (len(server.received), len(pauses)) == (5, 4)
    assert sum(pauses) < 1


def test_another_conflict_is_not_sent_again(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    conflict = turn(409, "OperationAborted")
    with scripted(monkeypatch, conflict) as (store, server), pytest.raises(StoriesError):
        store.put_if_absent("a", b"x")
    assert (len(server.received), pauses) == (1, [])


@pytest.mark.parametrize("cut", [0, 1, 9_999])
def test_a_body_that_breaks_off_is_never_returned(monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    body = turn(body=b"x" * 10_000, cut=cut)
    with scripted(monkeypatch, body) as (store, _), pytest.raises(UnavailableError):
        store.get("a")


def test_a_body_whose_checksum_does_not_match_is_never_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    checksum = {"x_amz_checksum_sha256": base64.b64encode(hashlib.sha256(b"a dragon").digest()).decode()}
    good, bad = turn(body=b"a dragon", **checksum), turn(body=b"a dragoo", **checksum)
    with scripted(monkeypatch, good, bad) as (store, server):
        assert store.get("a") == b"a dragon"
        with pytest.raises(UnavailableError):
            store.get("a")
    assert all(received.headers["x-amz-checksum-mode"] == "ENABLED" for received in server.received)


def page(key: str, more: bool) -> bytes:
    token = "<NextContinuationToken>token</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><Contents><Key>{key}</Key></Contents>"
        f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}</ListBucketResult>"
    ).encode()


def test_a_page_of_a_list_is_fetched_when_it_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = turn(body=page("a", more=True)), turn(body=page("b", more=False))
    with scripted(monkeypatch, *pages) as (store, server):
        keys = store.list("")
        assert next(keys) == "a"
        assert len(server.received) == 1
        assert list(keys) == ["b"]
    assert "continuation-token=token" in server.received[1].path


def test_a_failing_second_page_is_an_error_and_not_a_short_list(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(monkeypatch, turn(body=page("a", more=True)), turn(403, "AccessDenied")) as (store, _):
        keys = store.list("")
        assert next(keys) == "a"
        with pytest.raises(ConfigError):
            next(keys)


def versions(*names: tuple[str, str], more: bool = False) -> bytes:
    entries = "".join(
        f"<Version><Key>{key}</Key><VersionId>{name}</VersionId></Version>" for key, name in names
    )
    marker = "<NextKeyMarker>a</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>" if more else ""
    cut = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
    return f"<ListVersionsResult>{entries}{cut}{marker}</ListVersionsResult>".encode()


def deleted(*names: str, error: str = "") -> bytes:
    entries = "".join(f"<Deleted><Key>a</Key><VersionId>{name}</VersionId></Deleted>" for name in names)
    entries += f"<Error><Key>a</Key><Code>{error}</Code><Message>No</Message></Error>" if error else ""
    return f"<DeleteResult>{entries}</DeleteResult>".encode()


def test_all_pages_of_versions_are_deleted_together_and_no_others_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = (
        turn(body=versions(("a", "1"), more=True)),
        turn(body=versions(("a", "2"), ("ab", "3"), more=True)),
        turn(body=deleted("1", "2")),
    )
    with scripted(monkeypatch, *pages) as (store, server):
        store.delete(["a"])
    assert ["delete" in received.path for received in server.received] == [False, False, True]
    body = server.received[2].body.decode()
    assert body.count("<VersionId>") == 2
    assert "3" not in body.replace("<?xml", "").partition("<Object>")[2]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (deleted("1", error="AccessDenied"), "access-denied"),
        (deleted("1", error="InternalError"), "unavailable"),
        (deleted("1", error="SlowDown"), "throttled"),
        (deleted("1"), "unavailable"),
        (b"", "unavailable"),
    ],
)
def test_a_deletion_that_is_not_whole_is_an_error(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, problem: str
) -> None:
    listed = turn(body=versions(("a", "1"), ("a", "2")))
    with scripted(monkeypatch, listed, turn(body=answer)) as (store, _):
        with pytest.raises(StoriesError) as caught:
            store.delete(["a"])
        assert caught.value.problem == problem


@pytest.mark.parametrize("cut", [0, 1, 60, 90])
def test_a_list_that_breaks_off_is_an_error_and_not_a_short_list(
    monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    reply = turn(body=page("a", more=False) if cut else b"", cut=cut or None)
    with scripted(monkeypatch, reply) as (store, _), pytest.raises(UnavailableError):
        list(store.list(""))
