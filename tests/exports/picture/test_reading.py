"""Which nouns mean a thing that can be drawn."""

from __future__ import annotations

import pytest

from pipeline.exports.picture.reading import mentions, tokens


def figures(sentence: str) -> list[str]:
    return [mention.figure for mention in mentions([tokens(sentence)])]


@pytest.mark.parametrize(
    ("sentence", "drawn"),
    [
        ("The fox saw three mice and two wolves.", ["fox", "mouse", "wolf"]),
        ("A flock of geese flew over the old lighthouse.", ["goose", "lighthouse"]),
        ("She ate an orange.", ["tangerine"]),
        ("He gave her a red rose.", ["rose"]),
        ("The bear slept under a pile of leaves.", ["bear", "fallen-leaf"]),
        ("Her book fell into the river.", ["books"]),
        ("The fox's den was warm.", ["fox"]),
        ("A snow fox met a polar bear.", ["snow-fox", "polar-bear"]),
        ("A bear cub and a wolf pup played.", ["bear", "wolf"]),
        ("They flew the kite.", ["kite"]),
        ("I would like a boat.", ["sailboat"]),
    ],
)
def test_nouns_are_drawn_as_what_they_mean(sentence: str, drawn: list[str]) -> None:
    assert figures(sentence) == drawn


@pytest.mark.parametrize(
    "sentence",
    [
        "He could not bear the noise.",
        "The wind rose and the day was over.",
        "She watches it grow.",
        "They match.",
        "He can fly home.",
        "You must duck and run.",
        "They train every day.",
    ],
)
def test_verbs_are_no_figures(sentence: str) -> None:
    assert figures(sentence) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Robin played with Rose and Olive.",
        "Then Daisy came home with Star.",
        "Fox was a boy's name there, and Mr Fox was kind.",
    ],
)
def test_names_are_no_figures(sentence: str) -> None:
    assert not {"bird", "rose", "fox", "star", "blossom"} & set(figures(sentence))


@pytest.mark.parametrize(
    ("sentence", "drawn"),
    [
        ("They went to the kite festival.", []),
        ("An orange cat sat down.", ["cat"]),
        ("He hid in the snail shell.", []),
        ("The lighthouse keeper's cat counted the ships.", ["cat", "ship"]),
        ("A hot air balloon passed by.", []),
        ("She painted the zebra crossing.", []),
        ("He lost a sea horse and a starfish.", []),
        ("They lived in a tree house.", []),
    ],
)
def test_a_part_of_a_compound_is_no_figure(sentence: str, drawn: list[str]) -> None:
    assert figures(sentence) == drawn


@pytest.mark.parametrize(
    "sentence",
    [
        "She was as quiet as a mouse.",
        "It looked like a whale.",
        "There was no moon that evening.",
        "He came without a hammer.",
        "It was not a dragon.",
        "He wants to be a detective.",
    ],
)
def test_what_is_not_there_is_no_figure(sentence: str) -> None:
    assert figures(sentence) == []
