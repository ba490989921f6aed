"""Digests: SHA-256 of canonical JSON, the one way in which anything is named by its content."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pipeline.types import Content


def canonical(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spare blanks: equal values, equal bytes."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def well_formed(text: str) -> str:
    """JSON may hold half of a surrogate pair, which no file or hash takes: it becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def content(data: bytes) -> Content:
    """Length and SHA-256 of `data`."""
    return Content(len(data), hashlib.sha256(data).hexdigest())


def number(bits: int, *parts: Any) -> int:
    """A number of `bits` bits that `parts` decide: seeds and draws that every machine repeats."""
    return int(digest(list(parts)), 16) >> (256 - bits)
