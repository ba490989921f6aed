"""The private folders of a store, their stories, and their end. No Lambda needs this: a bucket has a rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from pipeline.errors import DamagedError, NotFoundError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.integrity import OnDamage, log_damage
from pipeline.storage.private import request


def folders(store: Store) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each folder's name, with the keys below it as they are in the folder."""
    for name, listed in groupby(store.list(keys.NAMED), keys.folder_in):
        if name:
            yield name, tuple(map(keys.bare, listed))


def ids(names: Iterable[str]) -> tuple[str, ...]:
    """The stories of a folder, by the keys in it."""
    files = (keys.story_file(name) for name in names)
    return tuple(sorted({file.story_id for file in files if file and keys.folder_of(file.story_id)}))


def current(store: Store, now: date, on_damage: OnDamage = log_damage) -> Iterator[tuple[str, str]]:
    """Private stories that have not expired: id, and the last day on which it is there."""
    for _, names in folders(store):
        for story_id in ids(names):
            try:
                accepted = request(store, story_id, now)
            except NotFoundError:
                continue
            except DamagedError as error:
                on_damage(error)
                continue
            if accepted.private:
                yield story_id, accepted.private.expires


def sweep(store: Store, now: date) -> int:
    """Deletes the folders of which no story is left that has not expired; how many.

    One that holds no request is what a killed sweep left, or a story that was still being made.
    """
    count = 0
    for folder, names in folders(store):
        stories = ids(names)
        requests = [story_id for story_id in stories if keys.request(story_id) in names]
        if not any(_is_current(store, story_id, now) for story_id in requests):
            _delete(store, folder, names, stories)
            count += 1
    return count


def _is_current(store: Store, story_id: str, now: date) -> bool:
    """Also where its end cannot be read: `stories verify` names it."""
    try:
        request(store, story_id, now)
    except NotFoundError:
        return False
    except DamagedError as error:
        log_damage(error)
    return True


def _delete(store: Store, folder: str, names: Iterable[str], stories: Iterable[str]) -> None:
    """Requests last: they say when it is to be deleted."""
    claims = [key for story_id in stories for key in store.list(f"claims/stories/{story_id}/")]
    ordered = sorted(names, key=lambda name: name.endswith("/request.json"))
    store.delete([*claims, *(f"{keys.folder(folder)}{name}" for name in ordered)])
