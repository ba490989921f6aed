"""The columns of the table: name, type, and where the value is from. docs/table.md says what each means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from pipeline.batch.table.editions import Edition
from pipeline.storage import editions, keys, ledger
from pipeline.types import Check, Content, Usage

_CHECK = pa.struct(
    [
        pa.field("name", pa.string()),
        pa.field("passed", pa.bool_()),
        pa.field("figure", pa.float64()),
        pa.field("text", pa.string()),
        pa.field("bound", pa.string()),
    ]
)
_TEXTS, _CHECKS, _TIME = pa.list_(pa.string()), pa.list_(_CHECK), pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: pa.DataType
    value: Callable[[Edition], Any]


def _text(edition: Edition) -> str:
    return " ".join(segment.text for segment in edition.manifest.segments)


def _check(check: Check) -> dict[str, Any]:
    """figure: where it is a number, else text."""
    is_text = isinstance(check.figure, str)
    return {
        "name": check.name,
        "passed": check.passed,
        "figure": None if is_text else check.figure,
        "text": check.figure if is_text else None,
        "bound": check.bound,
    }


def _usage(edition: Edition, step: str) -> Usage:
    return edition.manifest.usage.get(step, Usage())


def _dollars(edition: Edition, step: str, engine: str) -> float | None:
    """By the engines' list prices; None for an engine without one, or whose price is by the hour."""
    fingerprint = edition.manifest.engines.get(engine, "")
    if not fingerprint or _is_hourly(fingerprint):
        return None
    payment = ledger.Payment(step, step, fingerprint, _usage(edition, step))
    return ledger.rows([payment], _prices())[0].dollars


@cache
def _is_hourly(fingerprint: str) -> bool:
    hour = ledger.Payment("", "", fingerprint, Usage(seconds=3600.0))
    return bool(ledger.rows([hour], _prices())[0].dollars)


@cache
def _prices() -> dict[str, Any]:
    return ledger.price_table()


def _mp3(edition: Edition) -> Content | None:
    return edition.manifest.files.get(edition.manifest.mp3)


def _of_chunk(name: str) -> Callable[[Edition], Any]:
    return lambda edition: getattr(edition.chunk, name) if edition.chunk else None


def _engine(name: str) -> Column:
    return Column(f"{name}_engine", pa.string(), lambda edition: edition.manifest.engines.get(name))


def _used(prefix: str, step: str, *names: str) -> list[Column]:
    def column(name: str) -> Column:
        kind = pa.float64() if name == "audio_seconds" else pa.int64()
        return Column(f"{prefix}_{name}", kind, lambda edition: getattr(_usage(edition, step), name))

    return list(map(column, names))


COLUMNS = (
    Column("run_id", pa.string(), lambda edition: edition.run),
    Column("story_id", pa.string(), lambda edition: edition.manifest.story_id),
    Column("edition", pa.string(), lambda edition: editions.of(edition.manifest)),
    Column("locale", pa.string(), lambda edition: edition.manifest.locale),
    Column("title", pa.string(), lambda edition: edition.manifest.title),
    Column("context", pa.string(), lambda edition: edition.manifest.context),
    Column("idea", pa.string(), lambda edition: edition.manifest.idea),
    Column("variant", pa.int64(), lambda edition: edition.manifest.variant),
    Column("audience", pa.string(), lambda edition: edition.item.audience or None),
    Column("tags", _TEXTS, lambda edition: edition.item.tags),
    Column("line", pa.int32(), lambda edition: edition.item.line),
    Column("sentences", pa.int32(), lambda edition: len(edition.manifest.segments)),
    Column("words", pa.int32(), lambda edition: len(_text(edition).split())),
    Column("characters", pa.int32(), lambda edition: len(_text(edition))),
    Column("duration_seconds", pa.float64(), lambda edition: edition.manifest.duration_ms / 1000),
    Column("voice", pa.string(), lambda edition: edition.manifest.voice or None),
    Column("pace", pa.float64(), lambda edition: edition.manifest.pace),
    _engine("text"),
    _engine("translation"),
    _engine("speech"),
    _engine("encoder"),
    Column("labels", _TEXTS, lambda edition: edition.manifest.labels),
    Column("checks", _CHECKS, lambda edition: list(map(_check, edition.manifest.checks))),
    Column(
        "checks_failed",
        pa.int32(),
        lambda edition: sum(not check.passed for check in edition.manifest.checks),
    ),
    *_used("story", "generate", "calls", "prompt_tokens", "completion_tokens"),
    *_used("translation", "translate", "calls", "prompt_tokens", "completion_tokens", "characters"),
    *_used("speech", "speak", "calls", "characters", "audio_seconds"),
    Column("story_dollars", pa.float64(), lambda edition: _dollars(edition, "generate", "text")),
    Column(
        "translation_dollars", pa.float64(), lambda edition: _dollars(edition, "translate", "translation")
    ),
    Column("speech_dollars", pa.float64(), lambda edition: _dollars(edition, "speak", "speech")),
    Column("chunk", pa.int32(), _of_chunk("number")),
    Column("chunk_attempts", pa.int32(), _of_chunk("attempts")),
    Column("chunk_write_seconds", pa.float64(), _of_chunk("write")),
    Column("chunk_narrate_seconds", pa.float64(), _of_chunk("narrate")),
    Column("created", _TIME, _of_chunk("ended")),
    Column(
        "manifest_key",
        pa.string(),
        lambda edition: keys.manifest(edition.manifest.story_id, editions.of(edition.manifest)),
    ),
    Column("mp3_key", pa.string(), lambda edition: edition.manifest.mp3),
    Column("mp3_bytes", pa.int64(), lambda edition: mp3.size if (mp3 := _mp3(edition)) else None),
    Column("mp3_sha256", pa.string(), lambda edition: mp3.sha256 if (mp3 := _mp3(edition)) else None),
)
SCHEMA = pa.schema([(column.name, column.type) for column in COLUMNS])
