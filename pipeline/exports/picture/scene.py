"""Where, when and in what weather a story is set, by its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.exports.picture import tables
from pipeline.exports.picture.reading import loose, tokens
from pipeline.types import Story

_IN_IDEA, _IN_TITLE, _LIVED = 3, 2, 2
# The places where one can swim.
WATERS = ("sea", "river")
_DEFAULT_PLACE, _DEFAULT_TIME = "hills", "day"
# Of the words of a time or a weather: one alone may be a figure of speech.
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Scene:
    """place, time, weather: the tables' names; weather: "" for none. lights: "sun", "moon", "star", "cloud"
    that the text speaks of.
    """

    place: str
    time: str
    weather: str
    lights: frozenset[str]


def scene(story: Story, idea: str, swims: bool = False, is_outside: bool = False) -> Scene:
    """story: the English text. swims: someone of it must be in the water. is_outside: in no room."""
    score = _scores(story, idea)
    lights = frozenset(name for name in ("sun", "moon", "star", "cloud") if score[name] or score[f"{name}s"])
    place = _place(score, swims, is_outside)
    time = "night" if place == "space" else _best("times", score, _FEWEST) or _DEFAULT_TIME
    return Scene(place, time, _best("weathers", score, _FEWEST), lights)


def _scores(story: Story, idea: str) -> Counter[str]:
    """How much each word of the text weighs; "lived in the forest" says where."""
    score: Counter[str] = Counter()
    for segment in story.segments:
        words = [token.word for token in loose(tokens(segment)) if not token.is_name]
        score.update(words)
        if "lived" in words:
            after = words[words.index("lived") :]
            score.update(dict.fromkeys(after[1:6], _LIVED))
    for text, weight in ((idea, _IN_IDEA), (story.title, _IN_TITLE)):
        score.update({token.word: weight for token in loose(tokens(text), any_case=True)})
    return score


def _place(score: Mapping[str, int], swims: bool, is_outside: bool) -> str:
    if swims:
        return _best("places", score, 1, WATERS) or "sea"
    places = _words("places").keys() - ({"room"} if is_outside else set())
    return _best("places", score, 1, places) or _DEFAULT_PLACE


def _best(section: str, score: Mapping[str, int], fewest: int, names: Collection[str] = ()) -> str:
    """The name, one of `names` if any, whose words weigh most; "" where they weigh less than `fewest`."""
    points = {
        name: sum(score.get(word, 0) for word in words)
        for name, words in _words(section).items()
        if not names or name in names
    }
    best = max(points, key=lambda name: points[name])
    return best if points[best] >= fewest else ""


@cache
def _words(section: str) -> Mapping[str, tuple[str, ...]]:
    table: dict[str, Any] = tables.read("scenes")[section]
    return {name: tuple(words.split()) for name, words in table.items()}
