"""Catalog files: YAML, CSV, JSON Lines. Read as a stream; what is wrong is told with its line.

A YAML file holds the settings and its entries, or the name of a table beside it (`entries: bedtime.csv`).
A table alone has the settings' defaults, and its own name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pydantic import TypeAdapter, ValidationError

from pipeline.batch.formats import BrokenError, Raw, Unread, json_lines, table, yaml_entries, yaml_pairs
from pipeline.batch.models import Catalog, Entry, FilledEntry
from pipeline.errors import RequestError

_ENTRIES = "entries"
_ENTRY = TypeAdapter[Entry](FilledEntry)
_TABLES: dict[str, Callable[[TextIO], Raw]] = {".csv": table, ".jsonl": json_lines}
_READERS = {".yaml": yaml_entries, ".yml": yaml_entries, **_TABLES}
_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Row:
    """line: where it begins, from 1. told: what is wrong with it; "" where there is an entry."""

    line: int
    entry: Entry | None
    told: str = ""


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """table: where the entries lie; the catalog's own file, or the one that it names."""

    path: Path
    settings: Catalog
    table: Path

    def rows(self) -> Iterator[Row]:
        """Every entry, or what is wrong with it. Each call reads the file anew. Raises RequestError: gone."""
        line = 1
        try:
            with _opened(self.table) as text:
                for line, told in _READERS[self.table.suffix](text):
                    yield _row(line, told)
        except BrokenError as broken:
            yield Row(broken.line, None, f"{broken}; what follows was not read")
        except UnicodeDecodeError:
            yield Row(line, None, "no UTF-8 after this line; what follows was not read")


def read(path: Path) -> CatalogFile:
    """The settings; entries are read later. Raises RequestError "bad-catalog": no such file, bad settings."""
    if path.suffix not in _READERS:
        raise bad(f"{path.name} is no catalog: its name ends in {', '.join(_READERS)}")
    told, entries = ({}, path) if path.suffix in _TABLES else _settings(path)
    try:
        settings = Catalog.model_validate({"name": _name(path), **told})
    except ValidationError as error:
        raise bad(f"{path.name}: {_in_words(error, [*Catalog.model_fields, _ENTRIES])}") from error
    with _opened(entries):  # so that a file that is not there is told now
        return CatalogFile(path, settings, entries)


def bad(told: str) -> RequestError:
    return RequestError(told, problem="bad-catalog")


def _settings(path: Path) -> tuple[dict[str, Any], Path]:
    """What stands before the entries, and where these lie."""
    told: dict[str, Any] = {}
    try:
        with _opened(path) as text:
            for key, line, value in yaml_pairs(text):
                if key != _ENTRIES:
                    told[key] = value
                else:
                    return told, path if isinstance(value, Iterator) else _beside(path, line, value)
    except BrokenError as broken:
        raise bad(f"{path.name}:{broken.line}: {broken}") from broken
    except UnicodeDecodeError as error:
        raise bad(f"{path.name} is no UTF-8") from error
    raise bad(f"{path.name} has no `entries`")


def _beside(path: Path, line: int, name: object) -> Path:
    """A table that the catalog names, in its own folder."""
    if not isinstance(name, str) or Path(name).suffix not in _TABLES or Path(name).name != name:
        raise bad(
            f"{path.name}:{line}: `entries` is a list, or the name of a .csv or .jsonl file beside this one"
        )
    return path.parent / name


def _row(line: int, told: Any) -> Row:
    if isinstance(told, Unread):
        return Row(line, None, told.told)
    try:
        return Row(line, _ENTRY.validate_python({"context": told} if isinstance(told, str) else told))
    except ValidationError as error:
        return Row(line, None, _in_words(error, Entry.model_fields))


def _in_words(error: ValidationError, known: Iterable[str]) -> str:
    """pydantic's findings in one line, without what was typed: it may be long."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(_told(one["loc"], one["type"], one["msg"], known) for one in found)


def _told(place: tuple[str | int, ...], kind: str, told: str, known: Iterable[str]) -> str:
    where = ".".join(map(str, place))
    if kind == "extra_forbidden" and len(place) == 1:
        return f"{where[:40]}: not known here; there are {', '.join(known)}"
    if kind.endswith("_type") and not where:
        return "an entry is an idea, or `context` with what else there is to say of it"
    return f"{where or 'the entry'}: {told}"


def _name(path: Path) -> str:
    """A catalog's name, where it does not say one."""
    return _NOT_A_NAME.sub("-", path.stem.lower()).strip("-")[:40] or "catalog"


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """Raises RequestError: no such file."""
    try:
        text = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise bad(f"cannot read {path}: {error.strerror}") from error
    with text:
        yield text
