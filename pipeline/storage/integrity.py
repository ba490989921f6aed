"""Whether bytes are what was written: records carry their own digest, damaged objects are set aside.

Records of stores from before there were digests have none: they are read as they are.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline.errors import DamagedError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import canonical, digest

Body = dict[str, Any]
# Receives what a list passes over.
OnDamage = Callable[[DamagedError], None]
# Of a file that a stranger may have written; a deep one ends json's recursion.
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
_DIGEST = "sha256"
# By the folder of the store; id: how a story's begins.
_REMEDIES = {
    "stories": "`stories verify {id} --heal` makes again what can be",
    "catalogs": "`stories verify --heal` makes it again",
    "runs": "run its catalog again, which makes nothing twice",
    "idempotency": "the next request with that key counts as its first",
}


class CorruptError(ValueError):
    """Bytes that are not what was written. It never leaves storage/."""


def sealed(body: Body) -> bytes:
    """A record as it is stored: canonical JSON with its own digest, which is that of the rest."""
    return canonical({**body, _DIGEST: digest(body)})


def unsealed(data: bytes) -> Body:
    """The record without its digest. Raises CorruptError."""
    try:
        body: Body = json.loads(data)
        expected = body.pop(_DIGEST, None)
        intact = expected is None or expected == digest(body)
    except MALFORMED as error:
        raise CorruptError(str(error)) from error
    if not intact:
        raise CorruptError("its digest does not match")
    return body


def sealed_lines(lines: bytes) -> bytes:
    """JSON lines below a line with their digest: a file that was cut at a line's end would be whole else."""
    return sealed({"lines": hashlib.sha256(lines).hexdigest()}) + b"\n" + lines


def unsealed_lines(data: bytes) -> bytes:
    """The lines alone. Raises CorruptError."""
    head, _, lines = data.partition(b"\n")
    header = unsealed(head)
    if "lines" not in header:  # of an older store: the first line is one of them
        return data
    if header != {"lines": hashlib.sha256(lines).hexdigest()}:
        raise CorruptError("the digest of its lines does not match")
    return lines


@contextmanager
def opened(data: bytes, key: str) -> Iterator[Body]:
    """The record in `data`, which was read at `key`. Raises DamagedError, also for fields that do not fit."""
    try:
        yield unsealed(data)
    except MALFORMED as error:
        raise damaged(key) from error


def damaged(key: str) -> DamagedError:
    """The error for a damaged object, with its remedy."""
    folder, _, rest = key.partition("/")
    remedy = _REMEDIES.get(folder, "`stories verify` shows what else is").format(id=rest[:8])
    return DamagedError(f"{key} was damaged after it was written: {remedy}")


def log_damage(error: DamagedError) -> None:
    """An OnDamage for servers and schedulers."""
    logging.getLogger(__name__).warning("%s", error)


def set_aside(store: Store, key: str) -> None:
    """Copies what lies at `key` to quarantine/; whoever calls this then writes `key` anew."""
    data = store.get(key)
    store.put_if_absent(keys.quarantine(key, data), data)


def keep(store: Store, key: str, data: bytes) -> None:
    """Writes `data`; other bytes that lie at `key` are set aside first."""
    if not store.put_if_absent(key, data) and store.get(key) != data:
        set_aside(store, key)
        store.put(key, data)


def write(store: Store, key: str, record: bytes) -> None:
    """Writes a record in place of any other; a damaged one is set aside first."""
    if not store.put_if_absent(key, record):
        try:
            unsealed(store.get(key))
        except CorruptError:
            set_aside(store, key)
        store.put(key, record)
