"""Amazon S3, path style, at the root: moto's, behind signatures (expired, tampered and missing ones)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from starlette.responses import Response

from infra.local_aws import signing
from infra.local_aws.authorization import Need
from infra.local_aws.forwarded import Forwarded
from infra.local_aws.wire import Request, ServiceError

_FORBIDDEN = 403
_UNSIGNED: Mapping[str, ServiceError] = {
    signing.MISSING: ServiceError("AccessDenied", "Access Denied", status=_FORBIDDEN),
    signing.UNKNOWN_KEY: ServiceError(
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        status=_FORBIDDEN,
    ),
    signing.WRONG: ServiceError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        status=_FORBIDDEN,
    ),
    signing.EXPIRED: ServiceError("AccessDenied", "Request has expired", status=_FORBIDDEN),
    # Signature version 2, boto3's default for presigned URLs: buckets outside the oldest regions refuse it.
    signing.OLD: ServiceError(
        "InvalidRequest",
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        status=400,
    ),
    signing.SKEWED: ServiceError(
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        status=_FORBIDDEN,
    ),
}
_SERVICE = {"GET": "ListBuckets"}
_BUCKET = {
    "GET": "ListObjects",
    "PUT": "CreateBucket",
    "HEAD": "HeadBucket",
    "DELETE": "DeleteBucket",
    "POST": "PostObject",
}
_OBJECT = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
# By method and the query parameter that names another operation.
_BY_QUERY = {
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "encryption"): "GetBucketEncryption",
    ("PUT", "encryption"): "PutBucketEncryption",
    ("GET", "publicAccessBlock"): "GetPublicAccessBlock",
    ("PUT", "publicAccessBlock"): "PutPublicAccessBlock",
    ("GET", "versioning"): "GetBucketVersioning",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("GET", "policyStatus"): "GetBucketPolicyStatus",
    ("GET", "versions"): "ListObjectVersions",
    ("POST", "delete"): "DeleteObjects",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("PUT", "partNumber"): "UploadPart",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}
_OTHER = "OtherS3Operation"


def _operation(request: Request) -> str:
    bucket, _, key = request.path.strip("/").partition("/")
    for name, _ in parse_qsl(request.query, keep_blank_values=True):
        if operation := _BY_QUERY.get((request.method, name)):
            return operation
    return (_OBJECT if key else _BUCKET if bucket else _SERVICE).get(request.method, _OTHER)


# AWS's service authorization reference, Amazon S3: the actions that have other names than their operations.
_ON_OBJECTS = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "PutObject": "PutObject",
    "DeleteObject": "DeleteObject",
}
_ON_BUCKETS = {
    "ListObjectsV2": "ListBucket",
    "ListObjects": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
}
_XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def _needs(request: Request) -> list[Need]:
    operation, path = _operation(request), unquote(request.path.strip("/"))
    if operation == "DeleteObjects":
        return list(_deletions(request, _bucket(path)))
    if operation in _ON_OBJECTS:
        return [(f"s3:{_ON_OBJECTS[operation]}", f"arn:aws:s3:::{path}")]
    return [(f"s3:{_ON_BUCKETS.get(operation, operation)}", _bucket(path))]


def _deletions(request: Request, bucket: str) -> Iterator[Need]:
    """Of each object in the body; of a version there is an action of its own."""
    for entry in ElementTree.fromstring(request.body).iter(f"{_XML}Object"):
        is_version = entry.find(f"{_XML}VersionId") is not None
        action = "s3:DeleteObjectVersion" if is_version else "s3:DeleteObject"
        yield action, f"{bucket}/{entry.findtext(f'{_XML}Key')}"


def _needs_if_missing(request: Request) -> list[Need]:
    """S3, GetObject: without s3:ListBucket a missing object is a 403."""
    return [("s3:ListBucket", _bucket(unquote(request.path.strip("/"))))]


def _bucket(path: str) -> str:
    return f"arn:aws:s3:::{path.partition('/')[0]}"


def _refuse(refusal: ServiceError, request: Request) -> Response:
    request_id = uuid.uuid4().hex[:16].upper()
    members = {
        "Code": refusal.code,
        "Message": refusal.message,
        "Resource": request.path,
        "RequestId": request_id,
        "HostId": "local-aws",
    }
    elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{elements}</Error>'
    headers = {
        "x-amz-request-id": request_id,
        "x-amz-id-2": "local-aws",
        "content-type": "application/xml",
        # As S3 does: a PUT refused while it waits for 100-continue sends no body, so the next request on the
        # connection would be read as that body.
        "connection": "close",
    }
    return Response(b"" if request.method == "HEAD" else body.encode(), refusal.status or 400, headers)


SERVICE = Forwarded(
    id="s3",
    path="",
    operations=frozenset(
        {*_SERVICE.values(), *_BUCKET.values(), *_OBJECT.values(), *_BY_QUERY.values(), _OTHER}
    ),
    refusals={
        "throttle": ServiceError("SlowDown", "Please reduce your request rate.", status=503),
        "error500": ServiceError("InternalError", "We encountered an internal error.", status=500),
        "error503": ServiceError("ServiceUnavailable", "Service is unable to handle request.", status=503),
    },
    unsigned=_UNSIGNED,
    operation_of=_operation,
    needs=_needs,
    needs_if_missing=_needs_if_missing,
    refuse=_refuse,
    buffered=lambda received: "delete" in received.query_params,
)
