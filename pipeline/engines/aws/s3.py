"""A store in an S3 bucket: checksums both ways, the first writer wins, URLs are signed on demand."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline.engines.aws.errors import code_of, mapped_errors
from pipeline.engines.aws.objects import attachment, checked_key, checked_prefix, content_type
from pipeline.engines.aws.versions import MOST_DELETED, cut_off, delete_versions, versions_of
from pipeline.errors import ConfigError, NotFoundError, StoreError

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients

_ENGINE = "s3"
_ENCRYPTIONS = ("AES256", "aws:kms")
# S3 user guide, "Presigned URLs": version 4 signs for a week at most.
_WEEK = 7 * 24 * 3600
# A conditional write that meets another in flight is answered 409 ConditionalRequestConflict and is to be
# sent again (S3 user guide, "Conditional writes"); botocore does not. Seconds before each next attempt.
_RETRY_AFTER_S = (0.05, 0.1, 0.2, 0.4)


class S3Store:
    """Store over one private bucket. Thread-safe; no call to AWS before the first use.

    url_seconds: how long a URL lives by default. encryption: AES256, or aws:kms for the bucket's key.
    Needs s3:GetObject and s3:PutObject on the keys, and s3:ListBucket on the bucket: without that one S3
    answers 403 instead of 404 for a missing key.
    """

    def __init__(
        self, clients: Clients, bucket: str, url_seconds: int = 900, encryption: str = "AES256"
    ) -> None:
        """Raises ConfigError: an unknown encryption."""
        if encryption not in _ENCRYPTIONS:
            raise ConfigError(
                f"unknown encryption {encryption!r}: it is {' or '.join(_ENCRYPTIONS)}", problem="bad-setting"
            )
        self._clients = clients
        self._name = bucket
        self._url_seconds = url_seconds
        self._encryption = encryption

    def get(self, key: str) -> bytes:
        """Whole and as it was written, or an error. Raises NotFoundError; UnavailableError where the body
        broke off or its checksum does not match."""
        return self._read(key, ChecksumMode="ENABLED")

    def head(self, key: str, size: int) -> bytes:
        """Without S3's checksum, which is the whole object's."""
        try:
            return self._read(key, Range=f"bytes=0-{size - 1}")
        except StoreError as error:
            if code_of(error.__cause__) == "InvalidRange":  # of an empty object
                return b""
            raise

    def _read(self, key: str, **options: str) -> bytes:
        request = {"Bucket": self._bucket, "Key": checked_key(key), **options}
        try:
            with (
                mapped_errors(_ENGINE, self._what),
                closing(self._client.get_object(**request)["Body"]) as body,
            ):
                data: bytes = body.read()
        except NotFoundError as error:
            raise NotFoundError(f"nothing is stored as {key}") from error
        return data

    def put(self, key: str, data: bytes) -> None:
        request = self._put_request(key, data)
        with mapped_errors(_ENGINE, self._what):
            self._client.put_object(**request)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """True where this call wrote it. An attempt whose answer was lost is sent again by botocore and finds
        its own object, so False may also mean that: to be certain, a caller compares the stored bytes."""
        request = self._put_request(key, data)
        for seconds in (*_RETRY_AFTER_S, None):
            with mapped_errors(_ENGINE, self._what):
                status = self._create(request, last=seconds is None)
            if status != 409:
                break
            time.sleep(seconds or 0)
        return status != 412

    def delete(self, keys: Iterable[str]) -> None:
        """Every version and delete marker of each key: a versioned bucket keeps them otherwise.

        A request a key, and one for each thousand versions. Needs s3:ListBucketVersions on the bucket,
        s3:DeleteObject and s3:DeleteObjectVersion on the keys.
        """
        names = [checked_key(key) for key in keys]
        bucket = self._bucket
        with mapped_errors(_ENGINE, self._what):
            client = self._client
            versions = (version for key in names for version in versions_of(client, bucket, key))
            while batch := list(islice(versions, MOST_DELETED)):
                delete_versions(client, bucket, batch)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Fetches a page of 1,000 keys when it is reached. S3 sorts by UTF-8, which is Python's order too."""
        request = {"Bucket": self._bucket, "Prefix": checked_prefix(prefix)}
        if after:
            request["StartAfter"] = checked_prefix(after)
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(**request))
        while True:
            with mapped_errors(_ENGINE, self._what):
                page = next(pages, None)
            if page is None:
                return
            if "IsTruncated" not in page:
                raise cut_off(self._name)
            yield from (entry["Key"] for entry in page.get("Contents", ()))

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        """A signed GET that a browser may send as it is. filename: the name of a download.

        expires_in: seconds, 1 to 604,800; it also dies with the credentials that signed it. Raises
        StoreError "bad-expiry".
        """
        seconds = self._url_seconds if expires_in is None else expires_in
        if not 1 <= seconds <= _WEEK:
            raise StoreError(
                f"a URL cannot live for {seconds} seconds: choose 1 to {_WEEK}", problem="bad-expiry"
            )
        request = {"Bucket": self._bucket, "Key": checked_key(key), "ResponseContentType": content_type(key)}
        if filename:
            request["ResponseContentDisposition"] = attachment(filename)
        with mapped_errors(_ENGINE, self._what):
            return str(self._client.generate_presigned_url("get_object", Params=request, ExpiresIn=seconds))

    def _create(self, request: dict[str, Any], last: bool) -> int:
        """A conditional write. 200: written; 412: it exists; 409: to be sent again, unless `last`."""
        from botocore.exceptions import ClientError

        try:
            self._client.put_object(**request, IfNoneMatch="*")
        except ClientError as error:
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            in_flight = code_of(error) == "ConditionalRequestConflict"
            if status == 412 or (status == 409 and in_flight and not last):
                return status
            raise
        return 200

    def _put_request(self, key: str, data: bytes) -> dict[str, Any]:
        return {
            "Bucket": self._bucket,
            "Key": checked_key(key),
            "Body": data,
            "ContentType": content_type(key),
            "ServerSideEncryption": self._encryption,
            # botocore computes it, S3 verifies and keeps it, and botocore verifies it on every whole read.
            "ChecksumAlgorithm": "SHA256",
        }

    @property
    def _bucket(self) -> str:
        if not self._name:
            raise ConfigError(
                "no bucket is named: set STORIES_BUCKET to the S3 bucket that keeps the stories "
                "(for example `export STORIES_BUCKET=my-stories`)",
                problem="no-bucket",
            )
        return self._name

    @property
    def _what(self) -> str:
        return f"the bucket {self._name}"

    @property
    def _client(self) -> Any:
        return self._clients.get("s3")
