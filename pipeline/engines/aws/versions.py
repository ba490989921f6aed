"""The versions of an object in a bucket, which is kept with all of them or with none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.errors import UnavailableError

# S3, DeleteObjects: keys in a request.
MOST_DELETED = 1000

Version = dict[str, str]


def cut_off(bucket: str) -> UnavailableError:
    """Of an answer that ends too early: botocore makes an empty one of a body that breaks off at once."""
    return UnavailableError(f"the answer of the bucket {bucket} broke off: run it again", engine="s3")


def versions_of(client: Any, bucket: str, key: str) -> Iterator[Version]:
    """Key and VersionId of each version and delete marker of exactly this key; "null" of an unversioned one.

    S3 sorts by key, and a key comes before all that begin with it: a page of others is the end.
    """
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
        if "IsTruncated" not in page:
            raise cut_off(bucket)
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        same = [entry for entry in entries if entry["Key"] == key]
        yield from ({"Key": key, "VersionId": entry["VersionId"]} for entry in same)
        if len(same) < len(entries):
            return


def delete_versions(client: Any, bucket: str, versions: Sequence[Version]) -> None:
    """Raises botocore's ClientError with the first error of a request that S3 answers with 200."""
    from botocore.exceptions import ClientError

    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": list(versions)})
    for error in answer.get("Errors", ()):
        raise ClientError({"Error": error}, "DeleteObjects")
    if len(answer.get("Deleted", ())) < len(versions):
        raise cut_off(bucket)
