"""The lint of names finds every place that binds one, and reports its line."""

from __future__ import annotations

import pytest

from infra.lint_names import violations


@pytest.mark.parametrize(
    "source",
    [
        "told = 1",
        "for one in (): pass",
        "[one for one in ()]",
        "def speak(heard): ...",
        "def found(): ...",
        "class Story:\n    made: int",
        "self.way = 1",
        "import json as seen",
        "with open('x') as there: ...",
        "if asked := 1: ...",
        "_told = 1",
    ],
)
def test_banned_name_is_reported(source: str) -> None:
    assert violations(source)


def test_report_has_line_and_name() -> None:
    assert violations("text = 1\n\ntold = text\n") == [(3, "told")]


def test_longer_names_attributes_of_others_and_text_are_allowed() -> None:
    assert not violations("story_told = library.found(1)  # told\nnone = 'one way'")


def test_a_stored_field_may_keep_its_name_with_a_mark() -> None:
    assert not violations("class Record:\n    made: int = 0  # a stored name\n")
