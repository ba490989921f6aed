"""The ledger: what was paid for, entry by entry, and summed by what it was for and who did it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain
from typing import Any

from pipeline.ports import Store
from pipeline.storage import keys, sound_file
from pipeline.storage.integrity import Body, CorruptError
from pipeline.storage.memo import unseal
from pipeline.storage.narrations import head_note
from pipeline.types import Usage


@dataclass(frozen=True, slots=True)
class Payment:
    """One paid call. of: the prompt's name, or the verb; engine: its fingerprint."""

    verb: str
    of: str
    engine: str
    usage: Usage


def payments(store: Store) -> Iterator[Payment]:
    """Every paid call. Corrupt entries are left out: they will be made, and counted, again."""
    for key in chain(store.list("cache/"), store.list(keys.NAMED)):
        if not keys.bare(key).startswith("cache/"):
            continue
        with suppress(CorruptError):
            data = store.get(key) if key.endswith(".json") else head_note(store, key)
            yield _payment(key, unseal(data))


def payment(key: str, data: bytes) -> Payment | None:
    """What the entry `data` at `key` was paid for; None where it is no call's. Raises CorruptError."""
    if not keys.bare(key).startswith("cache/"):
        return None
    if key.endswith(".json"):
        return _payment(key, unseal(data))
    try:
        note, _ = sound_file.note_of(data)
    except ValueError as error:
        raise CorruptError(str(error)) from error
    return _payment(key, unseal(note))


def _payment(key: str, body: Body) -> Payment:
    return Payment(keys.bare(key).split("/")[1], body["of"], body["engine"], Usage(**body["usage"]))


@dataclass(frozen=True, slots=True)
class Row:
    """dollars: None where the price table does not know the engine."""

    of: str
    engine: str
    usage: Usage
    dollars: float | None


def price_table() -> dict[str, Any]:
    return tomllib.loads(files("pipeline").joinpath("data", "prices.toml").read_text("utf-8"))


def rows(paid: Iterable[Payment], table: Mapping[str, Any]) -> tuple[Row, ...]:
    """One row for each (what for, engine), sorted."""
    sums: dict[tuple[str, str], Usage] = {}
    for payment in paid:
        key = (payment.of, payment.engine)
        sums[key] = sums.get(key, Usage()) + payment.usage
    return tuple(
        Row(of, engine, usage, _dollars(engine, usage, table)) for (of, engine), usage in sorted(sums.items())
    )


def _dollars(engine: str, usage: Usage, table: Mapping[str, Any]) -> float | None:
    fitting = [price for price in table["prices"] if engine.startswith(price["prefix"])]
    if not fitting:
        return None
    price = max(fitting, key=lambda row: len(row["prefix"]))
    characters: float = price.get("per_million_characters", 0.0) * usage.characters / 1e6
    hours: float = price.get("per_hour", 0.0) * usage.seconds / 3600
    tokens: float = (
        price.get("per_million_prompt_tokens", 0.0) * usage.prompt_tokens
        + price.get("per_million_completion_tokens", 0.0) * usage.completion_tokens
    ) / 1e6
    return round(characters + hours + tokens, 6)
