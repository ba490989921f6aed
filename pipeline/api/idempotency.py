"""Idempotency keys: for 24 hours, a caller's key stands for the variant of its first request."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.steps.accept import VARIANTS
from pipeline.storage import keys
from pipeline.storage.digest import canonical, digest

_LIFE = 24 * 3600.0


def draw() -> int:
    """A random variant."""
    return secrets.randbelow(VARIANTS)


def variant(
    store: Store,
    caller: str,
    key: str,
    sent: Mapping[str, Any],
    clock: Callable[[], float] = time.time,
) -> int:
    """The variant that this caller's key stands for; drawn where the key is new, or expired.

    sent: the request that came with it; its own "variant" is kept, where it has one. Raises RequestError
    "key-reused": the key came with another request before.
    """
    name, request = keys.idempotency(caller, key), digest(sent)
    for _ in range(2):
        record = _read(store, name)
        if record and record["until"] > clock():
            break
        chosen = sent.get("variant")
        fresh = {
            "sent": request,
            "variant": draw() if chosen is None else chosen,
            "until": clock() + _LIFE,
        }
        # The first of many equal requests decides; an expired or damaged record is overwritten.
        if record is None:
            store.put_if_absent(name, canonical(fresh))
        else:
            store.put(name, canonical(fresh))
    record = _read(store, name)
    if not record or record["sent"] != request:
        raise RequestError(
            "this Idempotency-Key was sent with another request before: send a new key", problem="key-reused"
        )
    return int(record["variant"])


def _read(store: Store, name: str) -> dict[str, Any] | None:
    """None: there is no record. A damaged one reads as expired."""
    try:
        record = json.loads(store.get(name))
        return {
            "sent": str(record["sent"]),
            "variant": int(record["variant"]),
            "until": float(record["until"]),
        }
    except NotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return {"sent": "", "variant": 0, "until": 0.0}
