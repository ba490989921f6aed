"""What the checks of an idea answer to the published set: by words alone, and by words and meaning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bench.safety.items import Item
from pipeline.app import App
from pipeline.errors import StoriesError
from pipeline.steps.idea import checked_idea


@dataclass(frozen=True, slots=True)
class Answer:
    """problem: the slug that an idea is refused with; "" where it is accepted."""

    item: Item
    problem: str


def answers(app: App, listed: Iterable[Item]) -> list[Answer]:
    return [Answer(item, problem(app, item.idea)) for item in listed]


def by_words(app: App) -> App:
    """The same without the check of meanings."""
    return replace(app, meanings=None)


def problem(app: App, idea: str) -> str:
    try:
        checked_idea(app, idea)
    except StoriesError as error:
        return error.problem
    return ""
