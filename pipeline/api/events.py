"""What an event of API Gateway says about its request: who calls, and for which story."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_IN_PATH = re.compile(r"/stories/([0-9a-f]{32})(?:/|$)")


def caller(event: Mapping[str, Any]) -> str:
    """Whose Idempotency-Key it is: the signed-in user, else the API key, else the source address."""
    context = event.get("requestContext") or {}
    claims = (context.get("authorizer") or {}).get("claims") or {}
    identity = context.get("identity") or {}
    names = (claims.get("sub"), identity.get("apiKeyId"), identity.get("sourceIp"))
    return next((str(name) for name in names if name), "")


def story_id(path: str) -> str:
    """The story id in an address, "" where it has none."""
    match = _IN_PATH.match(path)
    return match.group(1) if match else ""
