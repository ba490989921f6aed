"""delete: everything of a story, and what was paid for it; nothing of it can be read afterwards.

In an order that may be interrupted anywhere, and the same call goes on: first what would have it made or
listed again, the request last, by which it is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from pipeline.app import App
from pipeline.errors import BusyError, DamagedError, NotFoundError
from pipeline.ports import Store
from pipeline.steps import committed, paid, status
from pipeline.storage import family, keys, shelf
from pipeline.storage.records import AcceptedRequest

_RETRY_S = 15


@dataclass(frozen=True, slots=True)
class Deleted:
    """objects: how many were stored. whole: whether all that was paid for its texts could be found."""

    story_id: str
    objects: int
    whole: bool


def delete_all(app: App, story_id: str) -> tuple[Deleted, ...]:
    """A story with those of which a person made it. Raises as delete() does.

    The oldest first, so that after a crash the same call finds what is left of them.
    """
    return tuple(delete(app, each) for each in (*reversed(_older(app, story_id)), story_id))


def delete(app: App, story_id: str) -> Deleted:
    """This story alone. Raises NotFoundError: there is nothing of it. BusyError: it is being made."""
    own = app.of(story_id)
    names = frozenset(own.store.list(_folder(story_id)))
    if not names:
        raise NotFoundError(f"there is no story {story_id}")
    files = filter(None, map(keys.story_file, names))
    tags = sorted({file.edition for file in files if file.edition})
    if any(status.is_being_made(own.store, story_id, edition, locks=app.locks) for edition in tags):
        raise _busy()
    with ExitStack() as locks:
        for name in (keys.text(story_id, keys.WRITTEN_IN), *(keys.manifest(story_id, each) for each in tags)):
            if not locks.enter_context(app.locks.held(name)):
                raise _busy()
        deleted = _delete(app, own, story_id, names, tags)
    app.store.delete(list(app.store.list(f"claims/{_folder(story_id)}")))
    return deleted


def _delete(app: App, own: App, story_id: str, names: frozenset[str], tags: list[str]) -> Deleted:
    """own: the app that works where the story lies. names: of all below its folder. tags: its editions, also
    those that are not complete.
    """
    store = own.store
    accepted = _request(store, story_id)
    before = _before(accepted)
    # What a starting server would list, or make, again.
    store.delete(key for each in tags for key in (keys.accepted(story_id, each), keys.status(story_id, each)))
    app.store.delete(_listing(story_id, tags))
    calls, is_whole = paid.calls(own, story_id, tags)
    calls -= paid.named_by_others(store, calls, story_id, before)
    store.delete([*sorted(calls), *_set_aside(store, story_id, calls)])
    last = {keys.request(story_id), *(keys.manifest(story_id, each) for each in tags)}
    store.delete(names - last)
    store.delete(last - {keys.request(story_id)})
    family.remove(app.store, accepted.owner if accepted and accepted.owner else family.HOME, story_id)
    # With whatever a maker wrote in the meantime.
    store.delete(list(store.list(_folder(story_id))))
    app.store.delete(_listing(story_id, tags))
    return Deleted(story_id, len(names) + len(calls), is_whole)


def _older(app: App, story_id: str) -> list[str]:
    """The stories before this one that are there, the newest first."""
    older: list[str] = []
    with suppress(NotFoundError, DamagedError):
        while before := _before(_request(app.of(story_id).store, story_id)):
            # Twice the same: nobody here writes that.
            if before in older or not any(app.of(before).store.list(_folder(before))):
                break
            older.append(before)
            story_id = before
    return older


def _folder(story_id: str) -> str:
    return f"stories/{story_id}/"


def _request(store: Store, story_id: str) -> AcceptedRequest | None:
    with suppress(NotFoundError, DamagedError):
        return committed.request(store, story_id)
    return None


def _before(accepted: AcceptedRequest | None) -> str:
    """The story of which a person made this one; "" for none."""
    return accepted.revision.revises if accepted and accepted.revision else ""


def _listing(story_id: str, tags: Iterable[str]) -> Iterable[str]:
    for edition in tags:
        yield keys.card(shelf.PUBLISHED, edition, story_id)
        yield keys.withheld(shelf.PUBLISHED, story_id, edition)


def _set_aside(store: Store, story_id: str, calls: set[str]) -> Iterable[str]:
    """Damaged copies of its objects."""
    for key in store.list("quarantine/"):
        original = key.removeprefix("quarantine/").rpartition(".")[0]
        if original in calls or story_id in original:
            yield key


def _busy() -> BusyError:
    return BusyError(
        "the story is being made just now: delete it once it is done",
        retry_after=_RETRY_S,
        problem="being-made",
    )
