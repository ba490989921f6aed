"""Hero, friend and things of a story."""

from __future__ import annotations

import pytest

from pipeline.exports.picture.cast import Cast, Character, cast
from tests.exports.picture.stories import SNAIL, SNAIL_IDEA, story


def test_hero_and_friend_have_their_figures_and_names() -> None:
    assert cast(SNAIL, SNAIL_IDEA) == Cast(Character("snail", "Oskar"), Character("butterfly", "Mila"), ())


@pytest.mark.parametrize(
    ("idea", "text", "hero"),
    [
        ("the lighthouse keeper's cat", "The cat slept. The cat woke up.", "cat"),
        ("the moon's youngest star goes to school", "Lotte was a star in the sky.", "star"),
        ("Wanda the whale sings", "Wanda was a whale who sang.", "whale"),
        ("A Shy Snail", "Emil was a snail.", "snail"),
        ("a family of ducks who move", "The ducks moved into a theatre.", "duck"),
        ("shy hedgehog", "Emil was a hedgehog.", "hedgehog"),
        ("Emma and the shell", "Emma was a young girl.", "girl"),
    ],
)
def test_the_hero_is_the_subject_of_the_idea(idea: str, text: str, hero: str) -> None:
    shown = cast(story(text), idea).hero
    assert shown is not None
    assert shown.figure == hero


def test_several_heroes_are_several() -> None:
    text = story("Pablo was a mouse.", "He shared the mitten with Theo the mouse.")
    shown = cast(text, "two mice who share one mitten")
    assert shown.hero is not None
    assert shown.hero.count == 2
    assert shown.friend is None
    assert shown.things == ("mitten",)


@pytest.mark.parametrize(
    ("idea", "text"),
    [
        ("a postman who brings letters", "Leo was a postman. Nora the owl helped him."),
        ("an igel that cannot sleep", "Pia was an igel. Oskar the bear sat beside her."),
        ("a fisherman in a boat", "Hugo was a fisherman. He met Mila the seal."),
    ],
)
def test_a_hero_without_a_figure_is_not_drawn_as_another(idea: str, text: str) -> None:
    shown = cast(story(*text.split(". ")), idea)
    assert shown.hero is None
    assert shown.friend is not None


def test_a_friend_of_the_same_kind_is_drawn_beside_the_hero() -> None:
    text = story("Salma was a little robot.", "Anton the robot helped her.")
    shown = cast(text, "a robot who waters flowers")
    assert (shown.hero, shown.friend) == (Character("robot", "Salma"), Character("robot", "Anton"))


def test_a_thing_that_is_mentioned_in_passing_is_left_out() -> None:
    text = story("Tilda was a fox.", "She saw a bucket.", "The umbrella flew away.", "She ran.")
    assert cast(text, "a fox who lost her umbrella").things == ("umbrella",)


def test_a_text_without_figures_has_none() -> None:
    assert cast(story("It was quiet.", "Nobody spoke."), "nothing at all") == Cast(None, None, ())


@pytest.mark.parametrize(
    ("idea", "text", "things"),
    [
        ("a hedgehog and a blue balloon", "The hedgehog hugged the blue balloon. It was big.", ()),
        ("a hedgehog and a red balloon", "The hedgehog hugged the red balloon. It was big.", ("balloon",)),
        ("a hedgehog who loves blue balloons", "The hedgehog had blue balloons.", ()),
    ],
)
def test_a_thing_of_another_colour_is_not_drawn(idea: str, text: str, things: tuple[str, ...]) -> None:
    assert cast(story(*text.split(". ")), idea).things == things


def test_a_hero_of_another_colour_is_not_drawn() -> None:
    text = story("Emil was a little blue fox.", "The fox met Mila the owl.")
    shown = cast(text, "a little blue fox")
    assert (shown.hero, shown.friend) == (None, Character("owl", "Mila"))
