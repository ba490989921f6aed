"""Checks Signature Version 4: botocore computes it again over the request as it was received."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local_aws.wire import Request

MISSING = "missing"
UNKNOWN_KEY = "unknown key"
WRONG = "wrong"
EXPIRED = "expired"
SKEWED = "skewed"
OLD = "old"
_ALGORITHM = "AWS4-HMAC-SHA256"
_TIME = "%Y%m%dT%H%M%SZ"
_SKEW = timedelta(minutes=15)  # AWS refuses signed requests that are older or newer than that


@dataclass(frozen=True)
class Signature:
    """Of the Authorization header, or of a presigned URL's query, which expires after `expires` seconds."""

    key: str
    region: str
    service: str
    headers: frozenset[str]
    value: str
    time: str
    expires: int | None = None


def problem_of(request: Request, keys: Mapping[str, str]) -> str | None:
    """None for a request with a valid signature, else one of the constants above. keys: secrets by key."""
    if "AWSAccessKeyId=" in request.query or request.headers.get("authorization", "").startswith("AWS "):
        return OLD
    signature = _presigned(request) if "X-Amz-Signature=" in request.query else _signed(request)
    signed_at = _time(signature.time) if signature else None
    if signature is None or signed_at is None:
        return MISSING
    if signature.key not in keys:
        return UNKNOWN_KEY
    if not hmac.compare_digest(_expected(request, signature, keys[signature.key]), signature.value):
        return WRONG
    age = datetime.now(UTC) - signed_at
    if signature.expires is not None:
        return EXPIRED if age > timedelta(seconds=signature.expires) else None
    return SKEWED if abs(age) > _SKEW else None


def key_of(request: Request) -> str:
    """The access key that a signed request names; "" for none."""
    signature = _presigned(request) if "X-Amz-Signature=" in request.query else _signed(request)
    return signature.key if signature else ""


def _signed(request: Request) -> Signature | None:
    algorithm, _, rest = request.headers.get("authorization", "").partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    time = request.headers.get("x-amz-date", "")
    return _signature({"Algorithm": algorithm, "Date": time, **parts}, None)


def _presigned(request: Request) -> Signature | None:
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    expires = query.get("X-Amz-Expires", "")
    parts = {name.removeprefix("X-Amz-"): value for name, value in query.items()}
    return _signature(parts, int(expires) if expires.isdecimal() else -1)


def _signature(parts: Mapping[str, str], expires: int | None) -> Signature | None:
    scope = parts.get("Credential", "").split("/")
    if parts.get("Algorithm") != _ALGORITHM or len(scope) != 5:
        return None
    headers = frozenset(parts.get("SignedHeaders", "").split(";"))
    value, time = parts.get("Signature", ""), parts.get("Date", "")
    return Signature(scope[0], scope[2], scope[3], headers, value, time, expires)


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _expected(request: Request, signature: Signature, secret: str) -> str:
    s3 = S3SigV4Auth if signature.expires is None else S3SigV4QueryAuth
    kind = s3 if signature.service == "s3" else SigV4Auth
    auth = kind(Credentials(signature.key, secret), signature.service, signature.region)
    query = "&".join(part for part in request.query.split("&") if not part.startswith("X-Amz-Signature="))
    rebuilt = AWSRequest(
        request.method,
        f"http://{request.headers.get('host', '')}{request.path}" + (f"?{query}" if query else ""),
        {name: value for name, value in request.headers.items() if name in signature.headers},
        request.body,
    )
    rebuilt.context["timestamp"] = signature.time
    computed: str = auth.signature(auth.string_to_sign(rebuilt, auth.canonical_request(rebuilt)), rebuilt)
    return computed
