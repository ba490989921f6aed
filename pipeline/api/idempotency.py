"""The same key, the same story: what a caller's Idempotency-Key stood for, for 24 hours."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import canonical, digest

_LIFE = 24 * 3600.0
VARIANTS = 2**53


def draw() -> int:
    """Any of a context's stories."""
    return secrets.randbelow(VARIANTS)


def variant(
    store: Store,
    caller: str,
    key: str,
    sent: Mapping[str, Any],
    clock: Callable[[], float] = time.time,
) -> int:
    """The variant that this caller's key stands for; drawn where the key is new, or older than a day.

    sent: what was asked with it; its own "variant" is taken where it names one. Raises RequestError
    "key-reused": the key came with something else before.
    """
    where, asked = keys.idempotency(caller, key), digest(sent)
    for _ in range(2):
        kept = _kept(store, where)
        if kept and kept["until"] > clock():
            break
        named = sent.get("variant")
        fresh = {
            "sent": asked,
            "variant": draw() if named is None else named,
            "until": clock() + _LIFE,
        }
        # The first of many equal requests decides; one that ran out, or is damaged, is written over.
        if kept is None:
            store.put_if_absent(where, canonical(fresh))
        else:
            store.put(where, canonical(fresh))
    kept = _kept(store, where)
    if not kept or kept["sent"] != asked:
        raise RequestError(
            "this Idempotency-Key was sent with another request before: send a new key", problem="key-reused"
        )
    return int(kept["variant"])


def _kept(store: Store, where: str) -> dict[str, Any] | None:
    """None: nothing there. A damaged record has run out."""
    with suppress(NotFoundError):
        try:
            told = json.loads(store.get(where))
            return {"sent": str(told["sent"]), "variant": int(told["variant"]), "until": float(told["until"])}
        except (ValueError, TypeError, KeyError):
            return {"sent": "", "variant": 0, "until": 0.0}
    return None
