"""S3 behind its signatures: moto's operations pass, and signatures are checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import httpx
import pytest
from botocore import auth
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws

KEY = "stories/a b/é & ü+.mp3"
DATA = bytes(range(256)) * 4096


@pytest.fixture
def bucket(aws: LocalAws) -> str:
    return aws.make_bucket()


@pytest.fixture
def s3(aws: LocalAws) -> Iterator[Any]:
    with aws.client("s3", signature_version="s3v4") as client:
        yield client


def url_of(s3: Any, bucket: str, **params: Any) -> str:
    return str(s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": KEY, **params}, 60))


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, trust_env=False)


def refused(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/xml"
    return response.status_code, response.text.partition("<Code>")[2].partition("</Code>")[0]


def test_a_presigned_url_plays_whole_and_in_parts(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key=KEY, Body=DATA, ContentType="audio/mpeg", ChecksumAlgorithm="SHA256")
    url = url_of(s3, bucket, ResponseContentDisposition='attachment; filename="owl.mp3"')
    whole, part = get(url), get(url, Range="bytes=100-199")
    assert (whole.status_code, whole.content) == (200, DATA)
    assert whole.headers["content-type"] == "audio/mpeg"
    assert whole.headers["content-disposition"] == 'attachment; filename="owl.mp3"'
    assert (part.status_code, part.content) == (206, DATA[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(DATA)}"


def test_an_expired_url_is_refused(s3: Any, bucket: str) -> None:
    past = datetime.now(UTC) - timedelta(seconds=62)
    with mock.patch.object(auth, "get_current_datetime", return_value=past):
        response = get(url_of(s3, bucket))
    assert refused(response) == (403, "AccessDenied")
    assert "Request has expired" in response.text


def test_a_tampered_url_is_refused(s3: Any, bucket: str) -> None:
    url = url_of(s3, bucket)
    for part, other in (
        ("X-Amz-Expires=60", "X-Amz-Expires=600"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("/stories/", "/stores/"),
        ("us-east-1", "us-east-2"),
    ):
        assert part in url
        assert refused(get(url.replace(part, other, 1))) == (403, "SignatureDoesNotMatch")
    put = httpx.put(url, content=b"mine", trust_env=False)
    assert refused(put) == (403, "SignatureDoesNotMatch")


def test_a_url_without_a_signature_or_with_an_old_one_is_refused(aws: LocalAws, s3: Any, bucket: str) -> None:
    assert refused(get(url_of(s3, bucket).partition("?")[0])) == (403, "AccessDenied")
    with aws.client("s3", signature_version="s3") as old:
        assert refused(get(url_of(old, bucket))) == (400, "InvalidRequest")


def test_a_wrong_secret_is_refused(
    aws: LocalAws, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(aws.account.keys, aws.environment["AWS_ACCESS_KEY_ID"], "rotated")
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key=KEY, Body=DATA)
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


def test_a_conditional_write_does_not_overwrite(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket=bucket, Key=KEY, Body=b"second", IfNoneMatch="*")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert s3.get_object(Bucket=bucket, Key=KEY)["Body"].read() == b"first"


def test_lists_heads_and_deletes_are_counted(aws: LocalAws, s3: Any, bucket: str) -> None:
    keys = [f"a/{number} +&.txt" for number in range(3)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    paginator = s3.get_paginator("list_objects_v2")
    pages = paginator.paginate(Bucket=bucket, Prefix="a/", PaginationConfig={"PageSize": 2})
    assert [item["Key"] for page in pages for item in page["Contents"]] == keys
    assert s3.head_object(Bucket=bucket, Key=keys[0])["ContentLength"] == 1
    s3.delete_object(Bucket=bucket, Key=keys[0])
    with pytest.raises(ClientError) as caught:
        s3.head_object(Bucket=bucket, Key=keys[0])
    assert caught.value.response["Error"]["Code"] == "404"
    operations = ("PutObject", "ListObjectsV2", "HeadObject", "DeleteObject")
    assert [aws.requests(name) for name in operations] == [3, 2, 2, 1]


def test_the_bucket_is_private_and_encrypted(s3: Any, bucket: str) -> None:
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
