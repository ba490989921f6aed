"""The cached calls that a story was made of: its steps run again with cached answers alone, over a store that
notes what they read. Nothing is paid for, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from pipeline.app import App
from pipeline.errors import ContentRejectedError, NotFoundError, StoreError, StoriesError
from pipeline.ports import NoProgress, Store
from pipeline.steps import committed
from pipeline.steps.generate import as_accepted
from pipeline.steps.translate import translated
from pipeline.storage import keys, narrations

_CACHE = "cache/"


class Noted:
    """Notes which cached calls are read, and writes nothing.

    A call that is not cached is an error of its own instead of a missing key, so that nobody makes it.
    """

    def __init__(self, store: Store) -> None:
        self.calls: set[str] = set()
        self._store = store

    def get(self, key: str) -> bytes:
        return self.head(key, -1)

    def head(self, key: str, size: int) -> bytes:
        try:
            data = self._store.get(key) if size < 0 else self._store.head(key, size)
        except NotFoundError as error:
            if key.startswith(_CACHE) and size < 0:
                raise StoreError(f"{key} is not cached", problem="not-cached") from error
            raise
        if key.startswith(_CACHE):
            self.calls.add(key)
        return data

    def put(self, key: str, data: bytes) -> None:
        return

    def put_if_absent(self, key: str, data: bytes) -> bool:
        if key.startswith("quarantine/"):  # a damaged call, which would be made again now
            raise StoreError(f"{key} is damaged", problem="not-cached")
        return True

    def delete(self, names: Iterable[str]) -> None:
        return

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        return self._store.list(prefix, after)

    def url(self, key: str, expires_in: int | None = None, filename: str = "") -> str:
        return self._store.url(key, expires_in, filename)


def calls(app: App, story_id: str, locales: Iterable[str], begun: Iterable[str]) -> tuple[set[str], bool]:
    """Keys of the cached calls, as far as they can be found; and whether all of the texts came out again.

    locales: of its texts. begun: editions whose sounds no manifest names.
    """
    noted = Noted(app.store)
    apps = tuple(app.over(noted))
    whole = [
        any(_text(each, story_id) for each in apps),
        *(any(_translation(each, story_id, locale) for each in apps) for locale in locales),
    ]
    for edition in begun:
        for each in apps:
            _sounds(each, story_id, edition)
    return noted.calls, all(whole)


def _text(app: App, story_id: str) -> bool:
    """Whether this app wrote it: all drafts, with what the judge said of them."""
    with suppress(StoriesError):
        try:
            as_accepted(app, story_id, NoProgress())
        except ContentRejectedError:
            return True  # no draft was good enough, and all of them were read
        return True
    return False


def _translation(app: App, story_id: str, locale: str) -> bool:
    with suppress(StoriesError, KeyError):
        source = committed.text(app.store, story_id, keys.WRITTEN_IN)
        translated(app, story_id, locale, NoProgress(), source)
        return True
    return False


def _sounds(app: App, story_id: str, edition: str) -> None:
    with suppress(StoriesError, KeyError):
        chain = app.chain(edition)
        locale = chain.locale if chain.translation else keys.WRITTEN_IN
        for sentence in committed.text(app.store, story_id, locale).story.segments:
            with suppress(StoriesError):
                narrations.find(app.store, chain.speech, sentence, chain.voice)
