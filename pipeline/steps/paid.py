"""What was paid for a story: the keys of its cached calls and sounds, and which of them others need too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from pipeline.app import App
from pipeline.errors import DamagedError, NotFoundError
from pipeline.ports import Store
from pipeline.steps import committed, replay
from pipeline.storage import editions, keys
from pipeline.storage.sounds import Stamped

_NAMED = re.compile(rb'"((?:audio|cache)/[^"]+)"')
# A shorter sentence stands in many stories.
_TELLING = 20


def calls(app: App, story_id: str, tags: Iterable[str]) -> tuple[set[str], bool]:
    """The keys, and whether all that its texts were made of could be found.

    tags: its editions.
    """
    store = app.store
    sounds, begun = set[str](), []
    for edition in tags:
        try:
            manifest = committed.read_manifest(store, story_id, edition)
        except (NotFoundError, DamagedError):
            begun.append(edition)
            continue
        named = {segment.audio for segment in manifest.segments}
        if any(
            key.startswith("audio/") for key in named
        ):  # of an older store: an entry of its own names each
            begun.append(edition)
        sounds |= named
    if keys.folder_of(story_id):
        return sounds if _has_others(store, story_id) else set(store.list("cache/")), True
    locales = {editions.locale(edition) for edition in tags} - {keys.WRITTEN_IN}
    replayed, is_whole = replay.calls(app, story_id, sorted(locales), begun)
    if not is_whole and _is_local(store):
        replayed |= set(_with_text(store, story_id, locales))
    return sounds | replayed, is_whole


def _has_others(store: Store, story_id: str) -> bool:
    """Whether there are other stories in a private story's folder, as those that it was edited from."""
    return any(not key.startswith(f"stories/{story_id}/") for key in store.list("stories/"))


def named_by_others(store: Store, calls: set[str], story_id: str, before: str) -> set[str]:
    """Those of `calls` that the manifests of other stories name.

    In a bucket, which may hold a million, only those of the story `before` this one are read. A story that
    loses a sentence's sound there plays from its whole mp3, and `stories verify --heal` speaks it again.
    """
    prefixes = ("stories/",) if _is_local(store) else (f"stories/{before}/",) if before else ()
    shared: set[str] = set()
    for key in (key for prefix in prefixes for key in store.list(prefix)):
        if key.endswith(f"/{keys.MANIFEST}") and not key.startswith(f"stories/{story_id}/"):
            with suppress(NotFoundError):
                shared |= calls & {match.decode() for match in _NAMED.findall(store.get(key))}
    return shared


def _is_local(store: Store) -> bool:
    """Whether it is small and near enough to be read as a whole."""
    return isinstance(store, Stamped)


def _with_text(store: Store, story_id: str, locales: Iterable[str]) -> Iterator[str]:
    """Cached answers that hold a sentence of the story, or its idea: of engines that are not set up now."""
    texts: list[str] = []
    for locale in (keys.WRITTEN_IN, *locales):
        with suppress(NotFoundError, DamagedError):
            text = committed.text(store, story_id, locale)
            texts += [text.idea, *text.story.segments]
    # As canonical JSON has them.
    telling = {json.dumps(text, ensure_ascii=False)[1:-1].encode() for text in texts if len(text) >= _TELLING}
    for key in (key for verb in ("complete", "translate") for key in store.list(f"cache/{verb}/")):
        with suppress(NotFoundError):
            data = store.get(key)
            if any(text in data for text in telling):
                yield key
