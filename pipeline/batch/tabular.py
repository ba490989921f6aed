"""A table of entries as Excel and others write it, as a stream of (line, value).

Excel separates cells by what the country's lists are separated by (";" where "," is in numbers), by tabs as
"Unicode text", and fills rows up to the widest; some programs begin with a line `sep=;` for it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, TextIO

from pipeline.batch.formats import BrokenError, Raw, lines, twice
from pipeline.batch.models import Entry

_SEPARATORS = ",;\t"
_SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n])"?\s*', re.IGNORECASE)


def table(text: TextIO) -> Raw:
    """A cell may hold line ends: an entry's line is its first. Rows without any text are passed over."""
    numbered = lines(text)
    try:
        place, separator, heading = _heading(numbered)
        names = next(csv.reader([heading], delimiter=separator, strict=True))
    except csv.Error as error:
        raise BrokenError(1, f"not CSV ({error})") from error
    columns = [name.strip().lower() for name in names]
    for name, count in Counter(filter(None, columns)).items():
        if count > 1:
            raise BrokenError(place, f"the heading: {twice(name)}")
    reader = csv.reader((line for _, line in numbered), delimiter=separator, strict=True)
    first = place + 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield first, _entry(columns, cells)
            first = place + reader.line_num + 1
    except csv.Error as error:
        raise BrokenError(first, f"not CSV ({error})") from error


def _heading(numbered: Iterator[tuple[int, str]]) -> tuple[int, str, str]:
    """(line, separator, text) of the first line with any text. Raises BrokenError: there is none."""
    separator = ""
    for number, line in numbered:
        if match := _SEPARATOR_LINE.fullmatch(line) if number == 1 else None:
            separator = match[1]
        elif line.strip(f'{_SEPARATORS}{separator} \r\n"'):
            return number, separator or _separator(line), line
    raise BrokenError(1, "there is no heading: the first line names the columns, as in context,tags")


def _separator(heading: str) -> str:
    """The one that finds the most columns of a catalog in the heading; a comma, where none finds any."""
    known = {mark: Entry.model_fields.keys() & set(map(_plain, heading.split(mark))) for mark in _SEPARATORS}
    return max(_SEPARATORS, key=lambda mark: len(known[mark]))


def _plain(name: str) -> str:
    return name.strip().strip('"').strip().lower()


def _entry(columns: list[str], cells: list[str]) -> dict[str, Any]:
    """By column. A cell that stands in none has a name that no entry has, so that it is a fault."""
    entry: dict[str, Any] = {}
    for number, cell in enumerate(cells, 1):
        column = columns[number - 1] if number <= len(columns) else ""
        if column or cell.strip():
            entry[column or f"cell {number}, beyond the heading's"] = cell
    return entry
