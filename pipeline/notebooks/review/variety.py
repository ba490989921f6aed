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
# A capital within a sentence: behind a word or a comma. "I" is no name.
_NAME = re.compile(r"(?<=[\w,;:] )[^\W\d_a-z][^\W\d_A-Z]+(?![\w'’-])")
_NO_NAMES = frozenset("mr mrs ms miss mother mama mum mom father papa dad grandma grandpa god".split())


def hero(text: str) -> str:
    """The name that is told most within sentences, the earlier of two; "" where there is none."""
    names = Counter(name for name in _NAME.findall(text) if name.casefold() not in _NO_NAMES)
    return max(names, key=names.__getitem__) if names else ""


def heroes(stories: Sequence[Story]) -> DataFrame:
    """A row a hero's name: name, in how many stories, their share; the most used first."""
    return _counted("name", (hero(one.text) or "(no name)" for one in stories), len(stories))


def settings(stories: Sequence[Story]) -> DataFrame:
    """A row a setting of settings.toml that some story has, and one for none. A story may have several."""
    return _counted("setting", (place for one in stories for place in _places(one)), len(stories))


def common_words(stories: Sequence[Story], most: int = 10) -> DataFrame:
    """A row a word: the content words that most stories have, and at least two; names of heroes left out.
    What every story says, a child soon hears. scikit-learn's list of English everyday words is what counts
    as no content; there is no list of language models' own favourites that we could cite."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    found = (
        word
        for one in stories
        for word in _told(one) - {hero(one.text).casefold()}
        if word.isalpha() and len(word) > 1 and word not in ENGLISH_STOP_WORDS
    )
    counted = _counted("word", found, len(stories))
    return counted[counted["stories"] > 1].head(most)


def share_with(stories: Sequence[Story], told: Iterable[str]) -> float:
    """The share (0 to 1) of stories that have at least one of the words; 0 of no stories."""
    wanted = set(told)
    return round(sum(bool(_told(one) & wanted) for one in stories) / len(stories), 3) if stories else 0.0


def repeated(stories: Sequence[Story]) -> DataFrame:
    """A row a title, or first three words, that more than one story has: what ("title", "opening"), text,
    stories, share; the most used first."""
    import pandas as pd

    titles = _counted("text", (one.title.casefold().strip() for one in stories), len(stories))
    openings = _counted("text", (_opening(one) for one in stories), len(stories))
    both = pd.concat([titles.assign(what="title"), openings.assign(what="opening")])
    again = both[both["stories"] > 1].sort_values(["stories", "text"], ascending=[False, True], kind="stable")
    return again[["what", "text", "stories", "share"]].reset_index(drop=True)


def _places(one: Story) -> tuple[str, ...]:
    told = _told(one)
    return tuple(place for place, names in _settings().items() if told & names) or ("(none of these)",)


@cache
def _settings() -> dict[str, frozenset[str]]:
    table = tomllib.loads(files("pipeline").joinpath("data", "story_settings.toml").read_text("utf-8"))
    return {place: frozenset(names) for place, names in table.items()}


def _told(one: Story) -> set[str]:
    return {word.casefold() for word in words(f"{one.title}. {one.text}")}


def _opening(one: Story) -> str:
    return " ".join(words(one.text)[:_OPENING_WORDS]).casefold()


def _counted(name: str, found: Iterable[str], stories: int) -> DataFrame:
    """How many times each came; equal ones by the alphabet."""
    import pandas as pd

    counted = sorted(Counter(found).items(), key=lambda one: (-one[1], one[0]))
    rows = [(told, times, round(times / stories, 3)) for told, times in counted]
    return pd.DataFrame(rows, columns=[name, "stories", "share"])
