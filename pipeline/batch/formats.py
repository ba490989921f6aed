"""YAML and JSON Lines as streams of (line, value); tables are in tabular.py.

YAML scalars are read as plain text: an idea called "no" or "12" stays text, and numbers are parsed by the
validation, as in a CSV. Anchors are refused, and with them documents that grow without bound.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, TextIO

import yaml
from yaml import events

Raw = Iterator[tuple[int, Any]]
_LONGEST_LINE = 64_000  # characters; an idea has a few hundred
_DEEPEST = 8
# Python's marks for bytes that are not UTF-8.
_UNDECODED = re.compile("[\udc80-\udcff]")
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
    for number, line in lines(text):
        if line.strip():
            yield number, _json(line)


def _json(line: str) -> Any:
    try:
        return json.loads(line, object_pairs_hook=_object)
    except TwiceError as error:
        return Unread(str(error))
    except (ValueError, RecursionError) as error:
        return Unread(f"not JSON ({error})")


class TwiceError(ValueError):
    """An object has a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, times in Counter(key for key, _ in pairs).items():
        if times > 1:
            raise TwiceError(twice(key))
    return dict(pairs)


def twice(key: str) -> str:
    return f"{key[:40]!r} is given twice"


def lines(text: TextIO) -> Iterator[tuple[int, str]]:
    """(number, line). text: opened with "surrogateescape". Raises BrokenError: not UTF-8, too long."""
    for number in count(1):
        line = text.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise BrokenError(number, f"the line has more than {_LONGEST_LINE} characters")
        if bad := _UNDECODED.search(line):
            raise BrokenError(number, _not_utf8(line, bad.group()))
        if not line:
            return
        yield number, line


def _not_utf8(line: str, escaped: str) -> str:
    """In words, with the line as Windows has it, where that can be: Excel's plain CSV is in its code page."""
    cause = f"byte 0x{ord(escaped) - 0xDC00:02X} is not UTF-8"
    try:
        windows = line.encode("utf-8", "surrogateescape").decode("cp1252").strip()
    except UnicodeDecodeError:
        return cause
    return f'{cause}; in Windows-1252 the line is "{windows[:60]}": save the file as "CSV UTF-8"'


def yaml_pairs(text: TextIO) -> Iterator[tuple[str, int, Any]]:
    """(key, line, value) of the top level. A list called `entries` is an iterator, and comes last."""
    for _ in lines(text):  # so that a byte that is not UTF-8 is reported with its line
        pass
    text.seek(0)
    document = _Events(text)
    if not document.take(events.MappingStartEvent):
        raise BrokenError(document.line, "a catalog is a mapping: name, locales, entries")
    keys: set[str] = set()
    while not document.take(events.MappingEndEvent):
        line, key = document.line, str(document.value())
        if key in keys:
            raise BrokenError(line, twice(key))
        keys.add(key)
        if key == "entries" and document.take(events.SequenceStartEvent):
            yield key, line, document.items()
            if not document.take(events.MappingEndEvent):
                raise BrokenError(document.line, "put all settings before `entries`, which come last")
            break
        yield key, line, document.value()
    document.end()


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

    def end(self) -> None:
        """Raises BrokenError: another document follows."""
        self.take(events.DocumentEndEvent)
        if not self.take(events.StreamEndEvent):
            raise BrokenError(self.line, "a second document begins here (---): put all into one")

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
            return self._sequence(depth)
        if self.take(events.MappingStartEvent):
            return self._mapping(depth)
        raise BrokenError(self.line, "anchors (*name) are not supported: write the value out")

    def _sequence(self, depth: int) -> list[Any]:
        values: list[Any] = []
        while not self.take(events.SequenceEndEvent):
            values.append(self.value(depth + 1))
        return values

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not self.take(events.MappingEndEvent):
            line, key = self.line, str(self.value(depth + 1))
            if key in mapping:
                raise BrokenError(line, twice(key))
            mapping[key] = self.value(depth + 1)
        return mapping
