"""Items: the stories of a catalog as a run works on them, in files of JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

from pipeline.storage.digest import canonical
from pipeline.types import USUAL_LENGTH


@dataclass(frozen=True, slots=True)
class Item:
    """One story of the catalog, and some of its editions: those to make, or those that are complete.

    locales: the editions' names, each a locale where its own voice speaks.
    line: of the file. context, audience: checked and cleaned. audience: the prompt's words; "" in older runs,
    for the usual.
    """

    line: int
    id: str
    context: str
    variant: int
    audience: str
    tags: tuple[str, ...]
    locales: tuple[str, ...]
    length: str = USUAL_LENGTH


_ITEM = TypeAdapter(Item)


def dump_items(items: Iterable[Item]) -> bytes:
    """JSON lines, without a line end after the last."""
    return b"\n".join(canonical(asdict(item)) for item in items)


def load_items(lines: Iterable[bytes]) -> Iterator[Item]:
    return map(_ITEM.validate_json, lines)
