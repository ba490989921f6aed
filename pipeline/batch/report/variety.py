"""How alike the stories of a catalog are: repeated titles and openings.

A language model repeats itself over a thousand stories, and a family that listens every evening notices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import StoreError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import load_text
from pipeline.story.text import words
from pipeline.types import Story

_OPENING_WORDS = 3


@dataclass(frozen=True, slots=True)
class Variety:
    """Of `read` English texts. titles, openings: the share (0 to 1) of stories whose title, or first three
    words, another story has too. opening: the most frequent first words, of `times` stories.
    """

    read: int = 0
    titles: float = 0.0
    openings: float = 0.0
    opening: str = ""
    times: int = 0


def story(store: Store, story_id: str) -> Story | None:
    """The English text; None where it cannot be read."""
    key = keys.text(story_id, WRITTEN_IN)
    try:
        return load_text(store.get(key), key).story
    except StoreError:
        return None


def variety(stories: Sequence[Story]) -> Variety:
    if not stories:
        return Variety()
    titles = Counter(story.title.casefold().strip() for story in stories)
    openings = Counter(map(_opening, stories))
    ((opening, times),) = openings.most_common(1)
    return Variety(len(stories), _shared(titles), _shared(openings), opening, times)


def _opening(story: Story) -> str:
    return " ".join(words(story.text)[:_OPENING_WORDS]).casefold()


def _shared(counted: Counter[str]) -> float:
    return round(sum(times for times in counted.values() if times > 1) / counted.total(), 4)
