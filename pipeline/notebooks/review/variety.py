"""How different a catalog's stories are from one another: heroes, settings, words, titles and openings."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pipeline.story.text import words
from pipeline.types import Story

if TYPE_CHECKING:
    from pandas import DataFrame

_OPENING_WORDS = 3
# A capital within a sentence: after a word or a comma. "I" is no name.
_NAME = re.compile(r"(?<=[\w,;:] )[^\W\d_a-z][^\W\d_A-Z]+(?![\w'’-])")
_NO_NAMES = frozenset("mr mrs ms miss mother mama mum mom father papa dad grandma grandpa god".split())


def hero(text: str) -> str:
    """The most frequent name within sentences, the earlier of two; "" where there is none."""
    names = Counter(name for name in _NAME.findall(text) if name.casefold() not in _NO_NAMES)
    return max(names, key=names.__getitem__) if names else ""


def heroes(stories: Sequence[Story]) -> DataFrame:
    """A row a hero's name: name, number of stories, their share (0 to 1); the most frequent first."""
    return _counted("name", (hero(story.text) or "(no name)" for story in stories), len(stories))


def settings(stories: Sequence[Story]) -> DataFrame:
    """A row a setting of story_settings.toml that a story has, and one for none. A story may have several."""
    places = (place for story in stories for place in _places(story))
    return _counted("setting", places, len(stories))


def common_words(stories: Sequence[Story], most: int = 10) -> DataFrame:
    """A row a word: the content words that most stories have, and at least two. No content: scikit-learn's
    stop words, and heroes' names."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    content = (
        word
        for story in stories
        for word in _vocabulary(story) - ENGLISH_STOP_WORDS - {hero(story.text).casefold()}
        if word.isalpha() and len(word) > 1
    )
    counted = _counted("word", content, len(stories))
    return counted[counted["stories"] > 1].head(most)


def share_with(stories: Sequence[Story], wanted: Iterable[str]) -> float:
    """The share (0 to 1) of stories that have at least one of the words; 0 of no stories."""
    any_of = set(wanted)
    return round(sum(bool(_vocabulary(story) & any_of) for story in stories) / max(1, len(stories)), 3)


def repeated(stories: Sequence[Story]) -> DataFrame:
    """A row a title, or first three words, of more than one story: what ("title", "opening"), text, stories,
    share; the most frequent first."""
    import pandas as pd

    openings = (" ".join(words(story.text)[:_OPENING_WORDS]).casefold() for story in stories)
    titles = (story.title.casefold().strip() for story in stories)
    both = pd.concat(
        _counted("text", texts, len(stories)).assign(what=what)
        for what, texts in (("title", titles), ("opening", openings))
    )
    rows = both[both["stories"] > 1].sort_values(["stories", "text"], ascending=[False, True], kind="stable")
    return rows[["what", "text", "stories", "share"]].reset_index(drop=True)


def _places(story: Story) -> tuple[str, ...]:
    vocabulary = _vocabulary(story)
    return tuple(place for place, names in _settings().items() if vocabulary & names) or ("(none of these)",)


@cache
def _settings() -> dict[str, frozenset[str]]:
    table = tomllib.loads(files("pipeline").joinpath("data", "story_settings.toml").read_text("utf-8"))
    return {place: frozenset(names) for place, names in table.items()}


def _vocabulary(story: Story) -> set[str]:
    return {word.casefold() for word in words(f"{story.title}. {story.text}")}


def _counted(column: str, names: Iterable[str], stories: int) -> DataFrame:
    """How often each name comes: column, stories, share; equal ones in alphabetical order."""
    import pandas as pd

    counts = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))
    rows = [(name, count, round(count / stories, 3)) for name, count in counts]
    return pd.DataFrame(rows, columns=[column, "stories", "share"])
