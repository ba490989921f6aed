"""The status of an edition: a hint with an expiry, beside the manifest that alone means "done".

Written by status_progress.py as the steps go on, read by those who poll. It says nothing once its maker has
ended: an edition that a server accepted is queued then, for any server to take it up; past its expiry it
reads as failed, as its maker ran out of time.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

from pipeline.errors import NotFoundError, StoriesError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.digest import canonical
from pipeline.storage.locks import Locks
from pipeline.types import Early

QUEUED, WRITING, TRANSLATING, SPEAKING = "queued", "writing", "translating", "speaking"
DONE, FAILED = "done", "failed"
_ALL = {QUEUED, WRITING, TRANSLATING, SPEAKING, FAILED}
# An Express workflow ends within 5 minutes, and a silent engine answers or fails within 70 s.
LIFE = 300.0
# A later end is not believed, where no maker's claim bounds it. Of the last in a full queue it is 45 minutes.
_LONGEST_LIFE = 3600.0


@dataclass(frozen=True, slots=True)
class Status:
    """done, total: of the state's own unit (tokens, sentences); total 0: not known.

    problem: a slug of errors.py, where state is failed; kind: the error's class. expires_at: epoch seconds.
    maker: the server whose threads make it, as in keys.maker(); "" for a state machine. early: what may be
    read before the text is committed.
    """

    state: str
    expires_at: float
    done: int = 0
    total: int = 0
    problem: str = ""
    kind: str = ""
    detail: str = ""
    maker: str = ""
    early: Early | None = None


_MAKER = re.compile(r"([0-9a-f]{32})?")
# Of its fields but the last.
_TYPES: tuple[type | tuple[type, ...], ...] = (str, (int, float), int, int, str, str, str, str)


def read(
    store: Store,
    story_id: str,
    edition: str,
    clock: Callable[[], float] = time.time,
    locks: Locks | None = None,
) -> Status:
    """A damaged status reads as expired, an expired one as failed. Raises NotFoundError: never requested.

    locks: of the makers; without them, none is looked up.
    """
    try:
        status = _stored(store, story_id, edition)
    except NotFoundError:
        store.get(keys.accepted(story_id, edition))
        return Status(QUEUED, 0)
    if status.state == FAILED:
        return status
    if not _is_at_work(status, locks):
        return Status(QUEUED, 0)
    if not _is_current(status, clock):
        return replace(status, state=FAILED, problem="interrupted", kind="UnavailableError")
    return status


def is_live(
    store: Store,
    story_id: str,
    edition: str,
    clock: Callable[[], float] = time.time,
    locks: Locks | None = None,
    own: str = "",
) -> bool:
    """Whether somebody else than the maker `own` makes it, or has it in a queue. locks: as in read()."""
    try:
        status = _stored(store, story_id, edition)
    except NotFoundError:
        return False
    if status.state == FAILED or (own and status.maker == own):
        return False
    return _is_current(status, clock) and _is_at_work(status, locks)


def is_being_made(
    store: Store, story_id: str, edition: str, locks: Locks | None = None, own: str = ""
) -> bool:
    """As is_live(), and not yet complete: beside a manifest, a status is of a making that is over."""
    if not is_live(store, story_id, edition, locks=locks, own=own):
        return False
    key = keys.manifest(story_id, edition)
    return next(store.list(key), None) != key


def has_failed(store: Store, story_id: str, edition: str) -> bool:
    """Whether a failure is on record."""
    try:
        return _stored(store, story_id, edition).state == FAILED
    except NotFoundError:
        return False


def maker(store: Store, story_id: str, edition: str) -> str:
    """The server that has it in its queue, or at work; "" for none."""
    try:
        return _stored(store, story_id, edition).maker
    except NotFoundError:
        return ""


def _stored(store: Store, story_id: str, edition: str) -> Status:
    """A damaged status has no state, and has expired. Raises NotFoundError."""
    data = store.get(keys.status(story_id, edition))
    try:
        status = _with_early(Status(**json.loads(data)))
        values = zip(astuple(status)[:-1], _TYPES, strict=True)
        is_ours = all(isinstance(value, kind) for value, kind in values) and status.state in _ALL
        is_ours = is_ours and _MAKER.fullmatch(status.maker) is not None
    except (ValueError, TypeError, KeyError, RecursionError):
        is_ours = False
    return status if is_ours else Status("", 0)


def _with_early(status: Status) -> Status:
    """As JSON gave it, with a value of its own for what may be read. Raises TypeError: it is not that."""
    if status.early is None:
        return status
    fields: Any = status.early
    early = Early(**{**fields, "sentences": tuple(fields["sentences"])})
    texts = (early.locale, early.hero, early.title, *early.sentences)
    if not all(isinstance(text, str) for text in texts) or not isinstance(early.passed, int):
        raise TypeError("not a text")
    return replace(status, early=early)


def _is_current(status: Status, clock: Callable[[], float]) -> bool:
    """Whether it has not expired. False also for an end that nobody wrote, as Infinity, or NaN."""
    latest = sys.float_info.max if status.maker else clock() + _LONGEST_LIFE
    return clock() < status.expires_at <= latest


def _is_at_work(status: Status, locks: Locks | None) -> bool:
    """Whether its maker lives, or is not known."""
    if locks is None or not status.maker:
        return True
    return locks.is_held(keys.maker(status.maker))


def write(store: Store, story_id: str, edition: str, status: Status) -> None:
    fields = asdict(status)
    if status.early is None:  # a later field: without it, a status is as it was before
        del fields["early"]
    store.put(keys.status(story_id, edition), canonical(fields))


def queue(store: Store, story_id: str, edition: str, life: float = LIFE, maker: str = "") -> None:
    """life: seconds until it expires."""
    write(store, story_id, edition, Status(QUEUED, time.time() + life, maker=maker))


def accept(store: Store, story_id: str, edition: str) -> None:
    """Marks the edition as accepted: on record, where a status is a hint."""
    store.put_if_absent(keys.accepted(story_id, edition), b"")


def forget(store: Store, story_id: str, edition: str) -> None:
    """Of a story that was deleted: nobody is to make it again."""
    store.delete([keys.status(story_id, edition), keys.accepted(story_id, edition)])


def fail(store: Store, story_id: str, edition: str, error: StoriesError) -> None:
    failed = Status(FAILED, time.time(), problem=error.problem, kind=type(error).__name__, detail=str(error))
    write(store, story_id, edition, failed)
