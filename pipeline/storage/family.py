"""A family's shelf: the stories that were made for it, published or not, newest first, one line a story.

A line is the name of an empty object: when the story was first asked for, its id, then when and in which
edition. Times count down, so that a listing, which a store sorts by name, begins with the newest; and the
editions of a story stand together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from pipeline.errors import RequestError
from pipeline.ports import Store
from pipeline.storage import keys

# The owner of all that a server on a family's own machine makes.
HOME = "home"
# In milliseconds since 1970: the year 2286.
_LAST = 10**13 - 1
_TIME, _ID, _EDITION = r"\d{13}", r"p?[0-9a-f]{32}", r"[A-Za-z0-9-]{2,35}"
_NAME = re.compile(rf"(?P<place>(?P<created>{_TIME})-(?P<story_id>{_ID}))-{_TIME}-(?P<edition>{_EDITION})")
CURSOR = re.compile(rf"{_TIME}-{_ID}")
# After everything that a name may go on with.
_AFTER = "-~"


@dataclass(frozen=True, slots=True)
class Line:
    """created: in seconds since 1970. editions: those that were asked for, the last one first. cursor: of
    the lines after it."""

    story_id: str
    created: float
    editions: tuple[str, ...]
    cursor: str


def add(store: Store, owner: str, story_id: str, edition: str, at: float, *, is_new: bool = False) -> None:
    """Puts an edition on the shelf, once; the story keeps its place there. at: in seconds since 1970.

    is_new: the story cannot be there yet, which saves a request to a bucket.
    """
    line = None if is_new else find(store, owner, story_id)
    if line is None or edition not in line.editions:
        _write(store, owner, line.created if line else at, story_id, edition, at)


def remove(store: Store, owner: str, story_id: str) -> None:
    prefix = keys.shelf(owner)
    store.delete([prefix + match[0] for match in _names(store, owner) if match["story_id"] == story_id])


def replace(store: Store, owner: str, old_id: str, new_id: str, edition: str, at: float) -> None:
    """Puts a story in the place of another one, as after an edit."""
    line = find(store, owner, old_id)
    if find(store, owner, new_id) is None:
        _write(store, owner, line.created if line else at, new_id, edition, at)
    remove(store, owner, old_id)


def find(store: Store, owner: str, story_id: str) -> Line | None:
    return next((line for line in lines(store, owner) if line.story_id == story_id), None)


def lines(store: Store, owner: str, cursor: str = "") -> Iterator[Line]:
    """All after `cursor` ("" for the first), the newest first; a bucket's next page when it is reached.

    Raises RequestError: not a cursor of ours.
    """
    if cursor and not CURSOR.fullmatch(cursor):
        raise RequestError("not a cursor: take the one that the page before gave", problem="bad-request")
    for place, matches in groupby(_names(store, owner, cursor), key=lambda match: match["place"]):
        each = list(matches)
        created = (_LAST - int(each[0]["created"])) / 1000
        yield Line(each[0]["story_id"], created, tuple(match["edition"] for match in each), place)


def page(store: Store, owner: str, cursor: str = "", size: int = 20) -> tuple[Line, ...]:
    """The next `size` lines after `cursor`. Raises as lines() does."""
    return tuple(islice(lines(store, owner, cursor), size))


def _names(store: Store, owner: str, cursor: str = "") -> Iterator[re.Match[str]]:
    prefix = keys.shelf(owner)
    listed = store.list(prefix, after=f"{prefix}{cursor}{_AFTER}" if cursor else "")
    matches = (_NAME.fullmatch(key.removeprefix(prefix)) for key in listed)
    return (match for match in matches if match)


def _write(store: Store, owner: str, created: float, story_id: str, edition: str, at: float) -> None:
    times = [f"{_LAST - round(seconds * 1000):013d}" for seconds in (created, at)]
    store.put(f"{keys.shelf(owner)}{times[0]}-{story_id}-{times[1]}-{edition}", b"")
