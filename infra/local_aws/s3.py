"""Amazon S3: moto's, behind the checks that it does not make (expired, tampered and missing signatures)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from starlette.requests import Request as Received
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local_aws import signing
from infra.local_aws.account import Account
from infra.local_aws.faults import Traffic
from infra.local_aws.proxy import forward
from infra.local_aws.service import serve
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
    # Signature version 2, which boto3 still gives presigned URLs unless told otherwise: buckets outside the
    # oldest regions refuse it.
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
_REFUSALS: Mapping[str, ServiceError] = {
    "throttle": ServiceError("SlowDown", "Please reduce your request rate.", status=503),
    "error500": ServiceError("InternalError", "We encountered an internal error.", status=500),
    "error503": ServiceError("ServiceUnavailable", "Service is unable to handle request.", status=503),
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
# By method and the query's own parameter, which says what is meant instead.
_MEANT = {
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


@dataclass(frozen=True)
class S3:
    """Path style, at the root: no other service's path is a bucket's name."""

    id: str = "s3"
    path: str = ""

    @property
    def operations(self) -> frozenset[str]:
        named = (_SERVICE, _BUCKET, _OBJECT, _MEANT)
        return frozenset(name for table in named for name in table.values()) | {_OTHER}

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(_REFUSALS)

    def app(self, account: Account, traffic: Traffic) -> ASGIApp:
        return _Front(account, traffic)


@dataclass(frozen=True)
class _Front:
    account: Account
    traffic: Traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = Received(scope, receive)
        request = Request(
            received.method,
            scope["raw_path"].decode(),
            scope["query_string"].decode(),
            dict(received.headers),
        )

        async def work() -> Response:
            if fault := signing.fault_of(request, request.headers.get("host", ""), self.account.keys):
                raise _UNSIGNED[fault]
            return await forward(received, self.account)

        def refuse(refusal: ServiceError) -> Response:
            return _refuse(refusal, request)

        await serve(_operation(request), work, refuse, _REFUSALS, self.traffic, scope, receive, send)


def _operation(request: Request) -> str:
    bucket, _, key = request.path.strip("/").partition("/")
    for name, _ in parse_qsl(request.query, keep_blank_values=True):
        if meant := _MEANT.get((request.method, name)):
            return meant
    return (_OBJECT if key else _BUCKET if bucket else _SERVICE).get(request.method, _OTHER)


def _refuse(refusal: ServiceError, request: Request) -> Response:
    request_id = uuid.uuid4().hex[:16].upper()
    members = {
        "Code": refusal.code,
        "Message": refusal.message,
        "Resource": request.path,
        "RequestId": request_id,
        "HostId": "local-aws",
    }
    told = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{told}</Error>'
    headers = {
        "x-amz-request-id": request_id,
        "x-amz-id-2": "local-aws",
        "content-type": "application/xml",
        # As S3 does: a PUT that is refused before it was told to go on (Expect: 100-continue) sends no body,
        # and the next request on the connection would be taken for it.
        "connection": "close",
    }
    return Response(b"" if request.method == "HEAD" else body.encode(), refusal.status or 400, headers)
