"""Catalog files: YAML, CSV, JSON Lines. Read as a stream; every fault has its line.

A YAML file holds the settings and the entries, or the name of a table beside it (`entries: bedtime.csv`).
A table alone has the default settings, and is called after its file.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pydantic import TypeAdapter, ValidationError

from pipeline.batch.formats import BrokenError, Raw, Unread, json_lines, yaml_entries, yaml_pairs
from pipeline.batch.models import Catalog, Entry, FilledEntry
from pipeline.batch.tabular import table
from pipeline.errors import RequestError

_ENTRIES = "entries"
_ENTRY = TypeAdapter[Entry](FilledEntry)
_TABLES: dict[str, Callable[[TextIO], Raw]] = {".csv": table, ".tsv": table, ".jsonl": json_lines}
_READERS = {".yaml": yaml_entries, ".yml": yaml_entries, **_TABLES}
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Row:
    """line: its first, from 1. fault: why there is no entry; "" where there is one."""

    line: int
    entry: Entry | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """table: the file of the entries: the catalog's own, or the one that it names."""

    path: Path
    settings: Catalog
    table: Path

    def rows(self) -> Iterator[Row]:
        """Every entry, or its fault. Each call reads the file again. Raises RequestError: no such file."""
        line = 1
        try:
            with _opened(self.table) as text:
                for line, value in _READERS[self.table.suffix.lower()](text):
                    yield _row(line, value)
        except BrokenError as broken:
            yield Row(broken.line, None, f"{broken}; the rest was not read")
        except UnicodeError:
            yield Row(line, None, "not UTF-16 after this line; the rest was not read")


def read(path: Path) -> CatalogFile:
    """The settings; entries are read later. Raises RequestError ("bad-catalog"): no file, bad settings."""
    kind = path.suffix.lower()
    if kind not in _READERS:
        raise bad(f"{path.name} is not a catalog: the file name has to end in {', '.join(_READERS)}")
    values, entries = ({}, path) if kind in _TABLES else _settings(path)
    try:
        settings = Catalog.model_validate({"name": _name(path), **values})
    except ValidationError as error:
        raise bad(f"{path.name}: {_in_words(error, [*Catalog.model_fields, _ENTRIES])}") from error
    with _opened(entries):  # so that a missing file is reported now
        return CatalogFile(path, settings, entries)


def bad(cause: str) -> RequestError:
    return RequestError(cause, problem="bad-catalog")


def _settings(path: Path) -> tuple[dict[str, Any], Path]:
    """The values before the entries, and the file of the entries."""
    values: dict[str, Any] = {}
    entries: Path | None = None
    try:
        with _opened(path) as text:
            for key, line, value in yaml_pairs(text):
                if key != _ENTRIES:
                    values[key] = value
                elif isinstance(value, Iterator):
                    return values, path
                else:
                    entries = _beside(path, line, value)
    except BrokenError as broken:
        raise bad(f"{path.name}:{broken.line}: {broken}") from broken
    except UnicodeError as error:
        raise bad(f"{path.name} is not UTF-16") from error
    if entries is None:
        raise bad(f"{path.name} has no `entries`")
    return values, entries


def _beside(path: Path, line: int, name: object) -> Path:
    """A table that the catalog names, in its own folder."""
    if not isinstance(name, str) or Path(name).suffix.lower() not in _TABLES or Path(name).name != name:
        raise bad(
            f"{path.name}:{line}: `entries` is a list, or the name of a file beside this one "
            f"({', '.join(_TABLES)})"
        )
    return path.parent / name


def _row(line: int, value: Any) -> Row:
    if isinstance(value, Unread):
        return Row(line, None, value.cause)
    try:
        return Row(line, _ENTRY.validate_python({"context": value} if isinstance(value, str) else value))
    except ValidationError as error:
        return Row(line, None, _in_words(error, Entry.model_fields))


def _in_words(error: ValidationError, known: Iterable[str]) -> str:
    """pydantic's errors in one line, without the input, which may be long."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(_fault(fault["loc"], fault["type"], fault["msg"], known) for fault in faults)


def _fault(place: tuple[str | int, ...], kind: str, message: str, known: Iterable[str]) -> str:
    where = ".".join(map(str, place))
    if kind == "extra_forbidden" and len(place) == 1:
        return f"{where[:40]}: not known here; choose from {', '.join(known)}"
    if kind.endswith("_type") and not where:
        return "an entry is an idea, or `context` with other fields"
    return f"{where or 'the entry'}: {message}"


def _name(path: Path) -> str:
    """A name for a catalog without one."""
    return _NOT_A_NAME.sub("-", path.stem.lower()).strip("-")[:40] or "catalog"


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """In UTF-8, or in UTF-16 where it begins with that mark. Raises RequestError: no such file."""
    try:
        with path.open("rb") as file:
            is_utf16 = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        # Bytes that are not UTF-8 are marked, and reported with their line.
        encoding, errors = ("utf-16", "strict") if is_utf16 else ("utf-8-sig", "surrogateescape")
        text = path.open(encoding=encoding, errors=errors, newline="")
    except OSError as error:
        raise bad(f"cannot read {path}: {error.strerror}") from error
    with text:
        yield text
