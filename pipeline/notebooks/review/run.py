"""A catalog run, read for judging it: which run is meant, and what lies of it in the store."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pipeline.app import App
from pipeline.batch.publishing import Pair, complete_of, pairs, readable, streamed
from pipeline.batch.running import known
from pipeline.batch.runs import Run
from pipeline.errors import NotFoundError, StoreError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import CommittedText, load_text
from pipeline.storage.shelf import PUBLISHED
from pipeline.types import Manifest

# A bar that is gone at once is only a flicker.
BAR_SECONDS = 2.0
Unreadable = tuple[str, str]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a run. stories: by id, the English text as it was committed. editions: by id and
    locale. unreadable: (key, why) of what is damaged or gone. made: how many stories there are of which at
    least one language is complete; `ids` are those that were asked for.
    """

    run: str
    ids: tuple[str, ...]
    stories: Mapping[str, CommittedText]
    editions: Mapping[Pair, Manifest]
    unreadable: tuple[Unreadable, ...]
    made: int

    @property
    def in_words(self) -> str:
        """Whether this is all, said plainly."""
        if not self.made:
            return "Nothing of this run is complete: there is no text to judge."
        read = f"English texts read: {len(self.stories):,}, narrations: {len(self.editions):,}"
        if len(self.ids) == self.made:
            return f"{read}. That is everything that is made."
        return (
            f"{read}. A sample: {len(self.ids):,} of {self.made:,} stories, the first by id. An id is a "
            'digest, so these are as good as drawn by lot; the parameter "most" reads more.'
        )


def read(app: App, run: Run, most: int = 500, locale: str = "") -> Reading:
    """At most `most` stories, with all their languages, or with `locale` alone. Raises NotFoundError: no such
    run. What cannot be read is named, and no error."""
    run.about()
    wanted = (pair for _, pair in pairs(run) if locale in ("", pair[1]))
    complete = sorted(complete_of(app.store, wanted))
    made = tuple(dict.fromkeys(story_id for story_id, _ in complete))
    ids = made[:most]
    chosen = set(ids)
    kept = [pair for pair in complete if pair[0] in chosen]
    manifests = dict(
        zip(kept, _watched(lambda one: readable(app.store, one), kept, "narrations"), strict=True)
    )
    told = dict(zip(ids, _watched(lambda one: _told(app.store, one), ids, "texts"), strict=True))
    damaged = [(keys.text(one, WRITTEN_IN), why) for one, why in told.items() if isinstance(why, str)]
    damaged += [(keys.manifest(*pair), "damaged or gone") for pair in kept if manifests[pair] is None]
    return Reading(
        run=run.id,
        ids=ids,
        stories={one: found for one, found in told.items() if isinstance(found, CommittedText)},
        editions={pair: found for pair, found in manifests.items() if found is not None},
        unreadable=tuple(damaged),
        made=len(made),
    )


def newest(store: Store, catalog: str = "") -> str:
    """The id of the newest run of that catalog, "" for any; "" where there is none."""
    found = (one.id for one in known(store) if catalog in ("", one.about.catalog["name"]))
    return next(found, "")


def listing(store: Store, run: Run) -> str:
    """What readers have of the run: "published", "withdrawn", or "not published"."""
    if _is_there(store, keys.withdrawn(PUBLISHED, run.id)):
        return "withdrawn"
    return "published" if _is_there(store, keys.publication(PUBLISHED, run.id)) else "not published"


def _is_there(store: Store, key: str) -> bool:
    try:
        store.get(key)
    except NotFoundError:
        return False
    return True


def _told(store: Store, story_id: str) -> CommittedText | str:
    """The committed text, or why there is none."""
    key = keys.text(story_id, WRITTEN_IN)
    try:
        found = load_text(store.get(key), key)
    except NotFoundError:
        return "gone"
    except StoreError as error:
        if error.problem != "damaged-record":
            raise
        return "damaged"
    parts = (found.story.title, *found.story.segments)
    return found if all(isinstance(part, str) for part in parts) else "damaged"


def _watched(do: Callable[[_In], _Out], told: Iterable[_In], what: str) -> Iterator[_Out]:
    """As `streamed`, with a bar where it takes longer than a look."""
    from tqdm import tqdm

    asked = tuple(told)
    told_by = {"total": len(asked), "desc": what, "delay": BAR_SECONDS, "mininterval": 1}
    yield from tqdm(streamed(do, asked), **told_by, file=sys.stdout)
