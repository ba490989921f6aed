"""A store of files as its readers see it, judged by what the formats promise, not by the product's code."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_RIFF_HEAD = 8  # bytes before those that a RIFF's length counts
# Of objects whose name says all: nobody reads what is in them.
MARKERS = ("/accepted", "/editions/", "/withdrawn/")


@dataclass(frozen=True)
class Reference:
    """What an undisturbed run left. files: SHA-256 of each published one. calls: of the engines, by what was
    sent. boundaries: how many a kill can choose from."""

    files: dict[str, str]
    calls: Counter[str]
    boundaries: int
    seconds: float


def keys(root: Path) -> Iterator[str]:
    """Of everything that a reader of the store sees: a file that is being written is none of its objects."""
    for path in sorted(root.rglob("*")):
        if ".tmp-" not in path.name and path.is_file():
            yield path.relative_to(root).as_posix()


def published(root: Path) -> dict[str, str]:
    """SHA-256 of the stories' objects, without markers. Statuses are hints with a time in them."""
    return {
        key: hashlib.sha256((root / key).read_bytes()).hexdigest()
        for key in keys(root)
        if key.startswith("stories/") and not key.endswith(("/status.json", *MARKERS))
    }


def faults(root: Path, reference: Reference | None = None) -> Iterator[str]:
    """Partial objects, manifests before what they name, bytes that no undisturbed run would have written."""
    for key in keys(root):
        try:
            data = (root / key).read_bytes()
        except FileNotFoundError:  # a claim or status may be replaced meanwhile
            continue
        if fault := _fault(root, key, data):
            yield f"{key} {fault}"
        expected = reference and reference.files.get(key)
        if expected and hashlib.sha256(data).hexdigest() != expected:
            yield f"{key} is not what an undisturbed run wrote"


def _fault(root: Path, key: str, data: bytes) -> str:
    if key.endswith(".mp3") and hashlib.sha256(data).hexdigest()[:16] != Path(key).stem:
        return "is not the sound that its name promises"
    if key.endswith(".wav") and int.from_bytes(data[4:8], "little") != len(data) - _RIFF_HEAD:
        return "is a part of a sound"
    if key.endswith(".json"):
        try:
            body = json.loads(data)
        except ValueError:
            return "is a part of a record"
        if key.endswith("/manifest.json"):
            return next(
                (f"names {name}, which is missing" for name in _named(body) if not (root / name).is_file()),
                "",
            )
    return ""


def _named(manifest: dict[str, Any]) -> Iterator[str]:
    yield manifest["mp3"]
    yield from (segment["audio"] for segment in manifest["segments"])


def paid(root: Path) -> int:
    """Calls whose answers are kept."""
    return sum(key.startswith("cache/") for key in keys(root))


def calls(*logs: Path) -> Counter[str]:
    """Engine calls that were begun, by what was sent (hooks.py)."""
    return Counter(line.split()[2] for log in logs for line in _lines(log) if line.startswith("begun"))


def _lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def leftovers(root: Path) -> int:
    """Temporary files of writers that died."""
    return sum(".tmp-" in path.name for path in root.rglob("*"))
