"""Hash what is sent, keep what was paid for: an engine call is made once.

An entry is JSON under the digest of exactly what was sent: who answered, what it cost, the answer, and its
own checksum. A spoken one lies inside its sound (sound_file.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from pipeline.errors import NotFoundError, StoreError
from pipeline.ports import Store
from pipeline.storage.digest import canonical, digest
from pipeline.storage.integrity import MALFORMED, Body, CorruptError, set_aside
from pipeline.types import Usage

Value = TypeVar("Value")


def entry(of: str, engine: str, usage: Usage, answer: Any) -> Body:
    """An entry's body. of: the prompt's name, or the verb; engine: its fingerprint."""
    return {"of": of, "engine": engine, "usage": asdict(usage), "answer": answer}


def since(started: float) -> float:
    """Seconds since `started`, of time.perf_counter()."""
    return round(time.perf_counter() - started, 3)


def seal(body: Body) -> bytes:
    """The body with its checksum."""
    return canonical({"sha256": digest(body), "body": body})


def unseal(data: bytes) -> Body:
    """Raises CorruptError."""
    try:
        envelope = json.loads(data)
        body: Body = envelope["body"]
        intact = envelope["sha256"] == digest(body)
    except MALFORMED as error:
        raise CorruptError(str(error)) from error
    if not intact:
        raise CorruptError("checksum does not match")
    return body


def memo(
    store: Store,
    key: str,
    call: Callable[[], Value],
    encode: Callable[[Value], bytes],
    decode: Callable[[bytes], Value],
) -> Value:
    """The entry at `key`, or what `call` returns, kept there: the first write wins, for every maker.

    decode raises CorruptError for damaged bytes: they are copied to quarantine/ and the call is made again. A
    call that raises leaves nothing. Raises StoreError, and whatever `call` raises.
    """
    try:
        return decode(store.get(key))
    except NotFoundError:
        value = call()
        if store.put_if_absent(key, encode(value)):
            return value
    except CorruptError:
        set_aside(store, key)
        store.put(key, encode(call()))
    try:
        # Another maker was first, and its answer is everybody's; or the store damages what it is given.
        return decode(store.get(key))
    except CorruptError as error:
        raise StoreError(
            f"{key} does not read back as it was just written ({error}): check the store's disk"
        ) from error
