"""Variety against hand counts."""

from __future__ import annotations

import pytest

from pipeline.notebooks.review import variety
from pipeline.types import Story


def story(text: str, title: str = "A tale") -> Story:
    return Story("1", "en", title, (text,))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("One day Nora met Leo. Then Nora ran, and Nora slept.", "Nora"),
        ("Once there was Zoë. Then I saw Mr Fox, and he ran.", "Zoë"),
        ("The Fox ran. Nora slept.", "Fox"),
        ("a fox ran", ""),
        ("", ""),
    ],
)
def test_the_hero_is_the_most_frequent_name_within_sentences(text: str, name: str) -> None:
    assert variety.hero(text) == name


def test_heroes_are_counted_by_story() -> None:
    stories = [story("Then Nora ran. Then Nora slept."), story("Then Nora sang."), story("nobody")]
    assert variety.heroes(stories).to_numpy().tolist() == [["Nora", 2, 0.667], ["(no name)", 1, 0.333]]


def test_settings_are_counted_by_whole_words_in_any_case() -> None:
    stories = [story("A Garden by the sea."), story("He gardened and did not seam."), story("x", "The SEA")]
    counts = dict(variety.settings(stories)[["setting", "stories"]].to_numpy().tolist())
    assert counts == {"sea": 2, "garden": 1, "(none of these)": 1}


def test_common_words_are_content_words_of_two_stories_and_no_names() -> None:
    stories = [
        story("Then Nora saw the lantern glow."),
        story("Then Nora saw a lantern."),
        story("A lonely boat."),
    ]
    assert variety.common_words(stories).to_numpy().tolist() == [
        ["tale", 3, 1.0],
        ["lantern", 2, 0.667],
        ["saw", 2, 0.667],
    ]
    assert variety.share_with(stories, ["lantern", "boat"]) == 1.0
    assert variety.share_with(stories, ["lantern"]) == 0.667
    assert variety.share_with([], ["lantern"]) == 0.0


def test_repeated_titles_and_openings_are_listed() -> None:
    stories = [
        story("One fine day it rained.", "Rain"),
        story("One fine day it snowed.", "rain "),
        story("No.", "No"),
    ]
    assert variety.repeated(stories).to_numpy().tolist() == [
        ["opening", "one fine day", 2, 0.667],
        ["title", "rain", 2, 0.667],
    ]


def test_no_stories_give_empty_tables() -> None:
    tables = [variety.heroes([]), variety.settings([]), variety.common_words([]), variety.repeated([])]
    assert [len(table) for table in tables] == [0, 0, 0, 0]
