"""S3 behind its signatures: what moto does goes through, what it does not check is checked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws

KEY = "stories/a b/é & ü+.mp3"
DATA = bytes(range(256)) * 64


@pytest.fixture
def bucket(aws: LocalAws) -> str:
    return aws.make_bucket()


@pytest.fixture
def s3(aws: LocalAws) -> Iterator[Any]:
    with aws.client("s3", signature_version="s3v4") as client:
        yield client


def url_of(s3: Any, bucket: str, seconds: int = 60, **more: Any) -> str:
    return str(s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": KEY, **more}, seconds))


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False)


def code_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/xml"
    return answer.text.partition("<Code>")[2].partition("</Code>")[0]


def test_a_presigned_url_plays_whole_and_in_parts(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key=KEY, Body=DATA, ContentType="audio/mpeg")
    url = url_of(s3, bucket, ResponseContentDisposition='attachment; filename="owl.mp3"')
    whole, part = get(url), get(url, Range="bytes=100-199")
    assert (whole.status_code, whole.content) == (200, DATA)
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["content-disposition"] == 'attachment; filename="owl.mp3"'
    assert (part.status_code, part.content) == (206, DATA[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(DATA)}"


def test_a_presigned_url_dies(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key=KEY, Body=DATA)
    url = url_of(s3, bucket, 1)
    assert get(url).status_code == 200
    time.sleep(2.1)
    answer = get(url)
    assert (answer.status_code, code_of(answer)) == (403, "AccessDenied")
    assert "Request has expired" in answer.text


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=600"),
        ("mp3", "mp4"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("/stories/", "/stores/"),
        ("us-east-1", "us-east-2"),
    ],
)
def test_a_tampered_url_is_refused(s3: Any, bucket: str, old: str, new: str) -> None:
    s3.put_object(Bucket=bucket, Key=KEY, Body=DATA)
    url = url_of(s3, bucket)
    assert old in url
    answer = get(url.replace(old, new, 1))
    assert (answer.status_code, code_of(answer)) == (403, "SignatureDoesNotMatch")


def test_a_url_without_a_signature_or_of_the_old_kind_is_refused(aws: LocalAws, s3: Any, bucket: str) -> None:
    answer = get(url_of(s3, bucket).partition("?")[0])
    assert (answer.status_code, code_of(answer)) == (403, "AccessDenied")
    with aws.client("s3", signature_version="s3") as old:
        assert code_of(get(url_of(old, bucket))) == "InvalidRequest"


def test_a_url_for_get_does_not_put(s3: Any, bucket: str) -> None:
    answer = httpx.put(url_of(s3, bucket), content=b"mine", trust_env=False)
    assert code_of(answer) == "SignatureDoesNotMatch"


def test_conditional_writes_pass(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key=KEY, Body=b"second", IfNoneMatch="*")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    with s3.get_object(Bucket=bucket, Key=KEY)["Body"] as body:
        assert body.read() == b"first"


def test_large_bodies_pass_both_ways(s3: Any, bucket: str) -> None:
    data = DATA * 512
    s3.put_object(Bucket=bucket, Key=KEY, Body=data, ChecksumAlgorithm="SHA256")
    with s3.get_object(Bucket=bucket, Key=KEY)["Body"] as body:
        assert body.read() == data


def test_lists_heads_and_deletes_pass(aws: LocalAws, s3: Any, bucket: str) -> None:
    for number in range(3):
        s3.put_object(Bucket=bucket, Key=f"a/{number} +&.txt", Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="a/", PaginationConfig={"PageSize": 2}
    )
    assert [one["Key"] for page in pages for one in page["Contents"]] == [
        f"a/{number} +&.txt" for number in range(3)
    ]
    assert s3.head_object(Bucket=bucket, Key="a/0 +&.txt")["ContentLength"] == 1
    s3.delete_object(Bucket=bucket, Key="a/0 +&.txt")
    with pytest.raises(ClientError) as caught:
        s3.head_object(Bucket=bucket, Key="a/0 +&.txt")
    assert caught.value.response["Error"]["Code"] == "404"
    named = ("PutObject", "ListObjectsV2", "HeadObject", "DeleteObject")
    assert [aws.requests(name) for name in named] == [3, 2, 2, 1]


def test_the_bucket_is_private_and_encrypted(aws: LocalAws, s3: Any) -> None:
    name = aws.environment["STORIES_BUCKET"]
    told = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert set(told.values()) == {True}
    rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_wrong_secret_is_refused(
    aws: LocalAws, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(aws.account.keys, aws.environment["AWS_ACCESS_KEY_ID"], "rotated")
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key=KEY, Body=DATA)
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
