"""Where, when and in what weather a story is set."""

from __future__ import annotations

import pytest

from pipeline.exports.picture.scene import scene
from tests.exports.picture.stories import SNAIL, SNAIL_IDEA, WHALE, WHALE_IDEA, story


def test_place_and_time_come_from_the_words() -> None:
    setting = scene(SNAIL, SNAIL_IDEA)
    assert (setting.place, setting.time, setting.weather) == ("garden", "night", "")
    assert scene(WHALE, WHALE_IDEA, swims=True).place == "sea"


@pytest.mark.parametrize(
    ("text", "weather"),
    [
        ("It rained all day, and the puddles grew. The rain sang.", "rain"),
        ("The snow fell. They rolled in the snow.", "snow"),
        ("The snow fox slept. The snow fox woke up.", ""),
        ("It was warm.", ""),
    ],
)
def test_weather(text: str, weather: str) -> None:
    assert scene(story(text), "a fox").weather == weather


def test_a_swimmer_is_never_in_a_room() -> None:
    text = story("Finn was a fish, and he lived in a bowl in the kitchen.", "The kitchen was warm.")
    assert scene(text, "a fish in a kitchen", swims=True).place == "sea"


def test_a_house_is_never_in_a_room() -> None:
    text = story("She lived in a room.", "The castle was old.")
    assert scene(text, "a girl", is_outside=True).place == "town"


def test_a_text_that_says_nothing_has_hills_by_day() -> None:
    setting = scene(story("Nobody spoke."), "nothing at all")
    assert (setting.place, setting.time, setting.weather) == ("hills", "day", "")
