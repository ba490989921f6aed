"""The three formats of a catalog, each as a stream of (line, what stands there).

YAML is read as plain text, scalar by scalar: an idea called "no" or "12" stays what it is, and what is to
be a number becomes one where it is validated, as in a CSV. Anchors, and so bombs, are refused.
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
    """An entry that could not be read; the next one can."""

    told: str


class BrokenError(Exception):
    """What follows `line` cannot be read."""

    def __init__(self, line: int, told: str) -> None:
        super().__init__(told)
        self.line, self.told = line, told


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
        return Unread(f"no JSON ({error})")


def table(text: TextIO) -> Raw:
    """CSV with a heading. A cell may hold line ends: an entry's line is the one where it begins."""
    reader = csv.DictReader(text, restkey="cells beyond the heading's", strict=True)
    begins = 2
    try:
        for told in reader:
            yield begins, {key: value for key, value in told.items() if value is not None}
            begins = reader.line_num + 1
    except csv.Error as error:
        raise BrokenError(begins, f"no CSV ({error})") from error


def yaml_pairs(text: TextIO) -> Iterator[tuple[str, int, Any]]:
    """(key, line, value) of the top level. A list called `entries` comes as an iterator, and is last."""
    document = _Events(text)
    if not document.take(events.MappingStartEvent):
        raise BrokenError(document.line, "a catalog is a mapping: name, locales, entries")
    told: set[str] = set()
    while not document.take(events.MappingEndEvent):
        line, key = document.line, str(document.value())
        if key in told:
            raise BrokenError(line, f"{key[:40]!r} is said twice")
        told.add(key)
        if key == "entries" and document.take(events.SequenceStartEvent):
            yield key, line, document.items()
            if not document.take(events.MappingEndEvent):
                raise BrokenError(document.line, "settings stand before `entries`, which come last")
            return
        yield key, line, document.value()


def yaml_entries(text: TextIO) -> Raw:
    for key, _, value in yaml_pairs(text):
        if key == "entries" and isinstance(value, Iterator):
            yield from value


class _Events:
    """A YAML document, event by event. line: where the event that comes next begins, from 1."""

    def __init__(self, text: TextIO) -> None:
        self._events = iter(yaml.parse(text, Loader=_LOADER))
        self._next = self._read(events.StreamStartEvent())
        self.take(events.StreamStartEvent)
        self.take(events.DocumentStartEvent)

    @property
    def line(self) -> int:
        return int(self._next.start_mark.line) + 1

    def take(self, kind: type[events.Event]) -> Any:
        """The next event, passed over, if it is of this kind."""
        if not isinstance(self._next, kind):
            return None
        taken, self._next = self._next, self._read(self._next)
        return taken

    def _read(self, otherwise: events.Event) -> Any:
        try:
            return next(self._events, otherwise)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else self.line
            raise BrokenError(line, f"no YAML ({error.problem})") from error
        except yaml.YAMLError as error:  # a character that YAML has no place for
            raise BrokenError(1, f"no YAML ({error})") from error

    def items(self) -> Raw:
        """Of a sequence whose beginning was taken."""
        while not self.take(events.SequenceEndEvent):
            yield self.line, self.value()

    def value(self, depth: int = 0) -> Any:
        """The next value as text, list or mapping; None where nothing is said."""
        if depth > _DEEPEST:
            raise BrokenError(self.line, "lists in lists in lists: an entry is flat")
        if scalar := self.take(events.ScalarEvent):
            said_nothing = scalar.implicit[0] and scalar.value in {"", "~", "null"}
            return None if said_nothing else scalar.value
        if self.take(events.SequenceStartEvent):
            return [value for _, value in self._until(events.SequenceEndEvent, depth, keys=False)]
        if self.take(events.MappingStartEvent):
            return self._mapping(depth)
        raise BrokenError(self.line, "anchors (*name) are not read here: write it out")

    def _mapping(self, depth: int) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for key, value in self._until(events.MappingEndEvent, depth, keys=True):
            if key in told:
                raise BrokenError(self.line, f"{key[:40]!r} is said twice")
            told[key] = value
        return told

    def _until(self, end: type[events.Event], depth: int, keys: bool) -> Iterator[tuple[str, Any]]:
        while not self.take(end):
            key = str(self.value(depth + 1)) if keys else ""
            yield key, self.value(depth + 1)
