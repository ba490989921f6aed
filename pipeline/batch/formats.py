"""The three formats of a catalog, each as a stream of (line, value).

YAML scalars are read as plain text: an idea called "no" or "12" stays text, and numbers are parsed by the
validation, as in a CSV. Anchors are refused, and with them documents that grow without bound.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, TextIO

import yaml
from yaml import events

Raw = Iterator[tuple[int, Any]]
_LONGEST_LINE = 64_000  # characters; an idea has a few hundred
_DEEPEST = 8
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Unread:
    """The value of an entry that could not be read; the next entry can. cause: for a person."""

    cause: str


class BrokenError(Exception):
    """The file cannot be read from `line` on."""

    def __init__(self, line: int, cause: str) -> None:
        super().__init__(cause)
        self.line = line


def json_lines(text: TextIO) -> Raw:
    for number in count(1):
        line = text.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise BrokenError(number, f"the line has more than {_LONGEST_LINE} characters")
        if not line:
            return
        if line.strip():
            yield number, _json(line)


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return Unread(f"not JSON ({error})")


def table(text: TextIO) -> Raw:
    """CSV with a heading. A cell may hold line ends: an entry's line is its first."""
    reader = csv.DictReader(text, restkey="cells beyond the heading's", strict=True)
    first_line = 2
    try:
        for row in reader:
            yield first_line, {key: value for key, value in row.items() if value is not None}
            first_line = reader.line_num + 1
    except csv.Error as error:
        raise BrokenError(first_line, f"not CSV ({error})") from error


def yaml_pairs(text: TextIO) -> Iterator[tuple[str, int, Any]]:
    """(key, line, value) of the top level. A list called `entries` is an iterator, and comes last."""
    document = _Events(text)
    if not document.take(events.MappingStartEvent):
        raise BrokenError(document.line, "a catalog is a mapping: name, locales, entries")
    keys: set[str] = set()
    while not document.take(events.MappingEndEvent):
        line, key = document.line, str(document.value())
        if key in keys:
            raise BrokenError(line, f"{key[:40]!r} is given twice")
        keys.add(key)
        if key == "entries" and document.take(events.SequenceStartEvent):
            yield key, line, document.items()
            if not document.take(events.MappingEndEvent):
                raise BrokenError(document.line, "put all settings before `entries`, which come last")
            return
        yield key, line, document.value()


def yaml_entries(text: TextIO) -> Raw:
    for key, _, value in yaml_pairs(text):
        if key == "entries" and isinstance(value, Iterator):
            yield from value


class _Events:
    """A YAML document, event by event. line: of the next event, from 1."""

    def __init__(self, text: TextIO) -> None:
        self._events = iter(yaml.parse(text, Loader=_LOADER))
        self._next = self._read(events.StreamStartEvent())
        self.take(events.StreamStartEvent)
        self.take(events.DocumentStartEvent)

    @property
    def line(self) -> int:
        return int(self._next.start_mark.line) + 1

    def take(self, kind: type[events.Event]) -> Any:
        """The next event, consumed, if it is of this kind; else None."""
        if not isinstance(self._next, kind):
            return None
        taken, self._next = self._next, self._read(self._next)
        return taken

    def _read(self, otherwise: events.Event) -> Any:
        try:
            return next(self._events, otherwise)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else self.line
            raise BrokenError(line, f"not YAML ({error.problem})") from error
        except yaml.YAMLError as error:  # a character that YAML does not allow
            raise BrokenError(1, f"not YAML ({error})") from error

    def items(self) -> Raw:
        """(line, value) of a sequence whose start was consumed."""
        while not self.take(events.SequenceEndEvent):
            yield self.line, self.value()

    def value(self, depth: int = 0) -> Any:
        """The next value as text, list or mapping; None where it is empty."""
        if depth > _DEEPEST:
            raise BrokenError(self.line, "lists are nested too deeply: an entry is flat")
        if scalar := self.take(events.ScalarEvent):
            is_null = scalar.implicit[0] and scalar.value in {"", "~", "null"}
            return None if is_null else scalar.value
        if self.take(events.SequenceStartEvent):
            return [value for _, value in self._until(events.SequenceEndEvent, depth, keys=False)]
        if self.take(events.MappingStartEvent):
            return self._mapping(depth)
        raise BrokenError(self.line, "anchors (*name) are not supported: write the value out")

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in self._until(events.MappingEndEvent, depth, keys=True):
            if key in mapping:
                raise BrokenError(self.line, f"{key[:40]!r} is given twice")
            mapping[key] = value
        return mapping

    def _until(self, end: type[events.Event], depth: int, keys: bool) -> Iterator[tuple[str, Any]]:
        while not self.take(end):
            key = str(self.value(depth + 1)) if keys else ""
            yield key, self.value(depth + 1)
