"""Signature Version 4, checked: recomputed by botocore over the request as it was received."""

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
    """As found in the Authorization header, or in the query of a presigned URL (then `expires` seconds)."""

    key: str
    region: str
    service: str
    signed_headers: frozenset[str]
    value: str
    at: str
    expires: int | None = None


def fault_of(request: Request, host: str, keys: Mapping[str, str]) -> str | None:
    """None for a request that is rightly signed, else one of the words above."""
    if "AWSAccessKeyId=" in request.query or request.headers.get("authorization", "").startswith("AWS "):
        return OLD
    found = _presigned(request) if "X-Amz-Signature=" in request.query else _signed(request)
    if found is None:
        return MISSING
    if found.key not in keys:
        return UNKNOWN_KEY
    if not hmac.compare_digest(_expected(request, host, found, keys[found.key]), found.value):
        return WRONG
    age = datetime.now(UTC) - datetime.strptime(found.at, _TIME).replace(tzinfo=UTC)
    if found.expires is not None:
        return EXPIRED if age > timedelta(seconds=found.expires) else None
    return SKEWED if abs(age) > _SKEW else None


def _signed(request: Request) -> Signature | None:
    algorithm, _, rest = request.headers.get("authorization", "").partition(" ")
    told = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    return _signature(
        algorithm,
        told.get("Credential", ""),
        told.get("SignedHeaders", ""),
        told.get("Signature", ""),
        request.headers.get("x-amz-date", ""),
        None,
    )


def _presigned(request: Request) -> Signature | None:
    told = dict(parse_qsl(request.query, keep_blank_values=True))
    expires = told.get("X-Amz-Expires", "")
    return _signature(
        told.get("X-Amz-Algorithm", ""),
        told.get("X-Amz-Credential", ""),
        told.get("X-Amz-SignedHeaders", ""),
        told["X-Amz-Signature"],
        told.get("X-Amz-Date", ""),
        int(expires) if expires.isdecimal() else -1,
    )


def _signature(
    algorithm: str, credential: str, headers: str, value: str, at: str, expires: int | None
) -> Signature | None:
    scope = credential.split("/")
    if algorithm != _ALGORITHM or len(scope) != 5 or not _is_time(at):
        return None
    return Signature(scope[0], scope[2], scope[3], frozenset(headers.split(";")), value, at, expires)


def _is_time(text: str) -> bool:
    try:
        datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _expected(request: Request, host: str, found: Signature, secret: str) -> str:
    kind = SigV4Auth if found.service != "s3" else S3SigV4Auth if found.expires is None else S3SigV4QueryAuth
    auth = kind(Credentials(found.key, secret), found.service, found.region)
    query = "&".join(part for part in request.query.split("&") if not part.startswith("X-Amz-Signature="))
    rebuilt = AWSRequest(
        request.method,
        f"http://{host}{request.path}" + (f"?{query}" if query else ""),
        {name: value for name, value in request.headers.items() if name in found.signed_headers},
        request.body,
    )
    rebuilt.context["timestamp"] = found.at
    signature: str = auth.signature(auth.string_to_sign(rebuilt, auth.canonical_request(rebuilt)), rebuilt)
    return signature
