"""Private folders: all that is made of stories with a child's name, apart from everything else.

A folder holds the usual layout below private/<16 hex digits>/. What was paid for in it may hold the name: it
is written nowhere else, and it goes with the folder.
"""

from __future__ import annotations

import secrets
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pipeline.errors import NotFoundError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.integrity import damaged
from pipeline.storage.records import AcceptedRequest, Private, load_request
from pipeline.storage.sounds import Stamped

_CACHE = "cache/"


@dataclass(frozen=True, slots=True)
class PrivateStore:
    """The Store of a folder. An answer that was paid for elsewhere is copied when it is read: it is then the
    folder's own, as its address and its end are.
    """

    inner: Store
    folder: str

    def get(self, key: str) -> bytes:
        try:
            return self.inner.get(self._own(key))
        except NotFoundError:
            return self._copied(key)

    def head(self, key: str, size: int) -> bytes:
        try:
            return self.inner.head(self._own(key), size)
        except NotFoundError:
            return self._copied(key)[:size]

    def put(self, key: str, data: bytes) -> None:
        self.inner.put(self._own(key), data)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        return self.inner.put_if_absent(self._own(key), data)

    def delete(self, keys: Iterable[str]) -> None:
        self.inner.delete(map(self._own, keys))

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        start = len(self._own(""))
        for key in self.inner.list(self._own(prefix), self._own(after) if after else ""):
            yield key[start:]

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        return self.inner.url(self._own(key), expires_in, filename)

    def stamp(self, key: str) -> Hashable:
        return self.inner.stamp(self._own(key)) if isinstance(self.inner, Stamped) else None

    def _own(self, key: str) -> str:
        return f"{keys.folder(self.folder)}{key}"

    def _copied(self, key: str) -> bytes:
        """Of the shared cache. Raises NotFoundError."""
        if not key.startswith(_CACHE):
            raise NotFoundError(f"nothing is stored as {self._own(key)}")
        data = self.inner.get(key)
        self.put_if_absent(key, data)
        return data


def store_of(store: Store, story_id: str) -> Store:
    """Where a story lies: `store` itself, or a private story's folder in it."""
    folder = keys.folder_of(story_id)
    if isinstance(store, PrivateStore):
        store = store.inner
    return PrivateStore(store, folder) if folder else store


def today() -> date:
    return datetime.now(UTC).date()


def drawn(days: int, now: date) -> Private:
    """A folder that nobody has. days: how long its story is kept, after the day on which it is asked for."""
    return Private(secrets.token_hex(8), secrets.token_hex(16), (now + timedelta(days)).isoformat())


def request(store: Store, story_id: str, now: date) -> AcceptedRequest:
    """Of a private story. Raises NotFoundError: there is none, or it has expired. DamagedError."""
    key = keys.request(story_id)
    accepted = load_request(store_of(store, story_id).get(key), key)
    if accepted.private is None or accepted.story_id != story_id:
        raise damaged(key)
    if now > date.fromisoformat(accepted.private.expires):
        raise NotFoundError(f"story {story_id[:8]} was private, and has expired")
    return accepted


def opened(store: Store, story_id: str, now: date) -> Store:
    """As store_of(). Raises as request() does, of a private story."""
    if keys.folder_of(story_id):
        request(store, story_id, now)
    return store_of(store, story_id)
