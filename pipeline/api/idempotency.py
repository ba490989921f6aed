"""Idempotency keys: for 24 hours, a caller's key stands for the variant of its first request.

A store cannot compare and swap, so an expired or damaged record is not replaced: the first writer of the next
number has the key, and the record of the highest number counts.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.steps.accept import VARIANTS
from pipeline.storage import keys
from pipeline.storage.digest import digest
from pipeline.storage.integrity import CorruptError, damaged, log_damage, sealed, unsealed

_LIFE = 24 * 3600.0
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class _Record:
    """sent: digest of the request. until: epoch seconds. story: a private story's id; "" for a usual one."""

    sent: str
    variant: int
    until: float
    story: str = ""


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
    """The variant that this caller's key stands for; drawn where the key is new, expired or damaged.

    sent: the request that came with it; its own "variant" is kept, where it has one. Raises RequestError
    "key-reused": the key came with another request before.
    """
    now, chosen = clock(), sent.get("variant")

    def first() -> _Record:
        return _Record(digest(sent), draw() if chosen is None else chosen, now + _LIFE)

    record = _settled(store, caller, key, now, first)
    if record.sent != digest(sent):
        raise reused()
    return record.variant


def private_story(
    store: Store,
    caller: str,
    key: str,
    sent: Mapping[str, Any],
    begin: Callable[[], str],
    clock: Callable[[], float] = time.time,
) -> str:
    """The id of the private story that this caller's key stands for; of the one that `begin` commits where
    the key is new, expired or damaged.

    sent: what of the request says nothing of the child. Whether the rest is the same, the caller compares in
    the story's folder: any digest of it that is kept elsewhere could be tried out, name by name. Raises as
    variant().
    """
    now = clock()
    record = _settled(store, caller, key, now, lambda: _Record(digest(sent), 0, now + _LIFE, begin()))
    if record.sent != digest(sent) or not record.story:
        raise reused()
    return record.story


def reused() -> RequestError:
    return RequestError(
        "this Idempotency-Key was sent with another request before: send a new key", problem="key-reused"
    )


def _settled(store: Store, caller: str, key: str, now: float, first: Callable[[], _Record]) -> _Record:
    """The key's record; what `first` returns where it has none yet."""
    number, record = _current(store, caller, key, now)
    if record:
        return record
    fresh = first()
    while record is None:
        number += 1
        name = keys.idempotency(caller, key, number)
        is_ours = store.put_if_absent(name, sealed(_fields(fresh)))
        record = fresh if is_ours else _read(store, name, now)
    return record


def _fields(record: _Record) -> dict[str, Any]:
    """Without a story where there is none, as in records from before there were private ones."""
    fields = asdict(record)
    if not record.story:
        del fields["story"]
    return fields


def _current(store: Store, caller: str, key: str, now: float) -> tuple[int, _Record | None]:
    """The highest number and its record, where that is valid; -1 where there is none but perhaps the first.

    A bucket deletes old records: the first may be gone while a later one is valid.
    """
    if first := _read(store, keys.idempotency(caller, key), now):
        return 0, first
    number = max(map(_number, store.list(keys.idempotencies(caller, key))), default=-1)
    return number, _read(store, keys.idempotency(caller, key, number), now) if number > 0 else None


def _number(name: str) -> int:
    """-1 for the key of anything else."""
    digits = name.rpartition("/")[2]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS else -1


def _read(store: Store, name: str, now: float) -> _Record | None:
    """None where there is none, or it has expired, or is damaged: it holds what nobody here would write."""
    try:
        record = _Record(**unsealed(store.get(name)))
    except NotFoundError:
        return None
    except (CorruptError, TypeError):
        log_damage(damaged(name))
        return None
    if not _is_whole(record, now):
        log_damage(damaged(name))
        return None
    return record if now < record.until else None


def _is_whole(record: _Record, now: float) -> bool:
    """Whether somebody here may have written it: another host's clock may be ahead, but not by a day."""
    is_time = type(record.until) in (int, float) and record.until < now + 2 * _LIFE
    is_variant = type(record.variant) is int and 0 <= record.variant < VARIANTS
    return is_time and is_variant and isinstance(record.sent, str) and isinstance(record.story, str)
