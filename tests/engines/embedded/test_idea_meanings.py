"""The classifier of meanings on vectors and weights worked out by hand, and the weights that are shipped."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import pytest

from pipeline.engines.embedded.idea_meanings import LinearMeanings
from pipeline.story.ideas import UNSAFE

# Log-odds of "violence" against "": the first number of a vector less the second.
WEIGHTS = {
    "refuse": 0.9,
    "story_refuse": 0.5,
    "kinds": {
        "": {"bias": 0.0, "weights": [0.0, 1.0]},
        "violence": {"bias": 0.0, "weights": [1.0, 0.0]},
        "fear": {"bias": -50.0, "weights": [0.0, 0.0]},
    },
}
VECTORS = {"a fight": [3.0, 0.0], "a quarrel": [2.0, 0.0], "a hug": [0.0, 2.5], "kill": [9.0, 0.0]}


def meanings() -> LinearMeanings:
    return LinearMeanings(VECTORS.__getitem__, WEIGHTS)


def test_odds_are_a_softmax() -> None:
    odds = meanings().odds("a quarrel")
    assert odds["violence"] == pytest.approx(math.e**2 / (math.e**2 + 1))  # 0.88
    assert sum(odds.values()) == pytest.approx(1)


@pytest.mark.parametrize(("idea", "kind"), [("a fight", "violence"), ("a quarrel", ""), ("a hug", "")])
def test_an_idea_is_refused_by_its_likeliest_kind_from_the_threshold_on(idea: str, kind: str) -> None:
    assert meanings().unsafe(idea) == kind


def test_a_disguised_word_is_read_as_what_it_stands_for() -> None:
    assert meanings().unsafe("k i l l") == meanings().unsafe("kıll") == "violence"


@pytest.mark.parametrize(
    ("idea", "story", "doubt", "passed"),
    [("a quarrel", "a hug", -0.5, True), ("a hug", "a fight", 0.5, False), ("a fight", "a hug", 0.5, False)],
)
def test_the_doubts_of_idea_and_story_add_up(idea: str, story: str, doubt: float, passed: bool) -> None:
    check = meanings().check(idea, story)
    assert (check.name, check.figure, check.passed) == ("meaning", doubt, passed)


def test_an_idea_that_is_asked_for_again_is_not_read_again() -> None:
    read: list[str] = []

    def embed(text: str) -> list[float]:
        read.append(text)
        return VECTORS[text]

    again = LinearMeanings(embed, WEIGHTS)
    assert again.unsafe("a fight") == again.unsafe("a fight") == "violence"
    assert read == ["a fight"]


def test_the_weights_have_a_row_a_kind_as_long_as_a_vector() -> None:
    shipped = json.loads(files("pipeline").joinpath("data", "idea_meanings.json").read_text("utf-8"))
    assert shipped["kinds"].keys() == {"", *UNSAFE} - {"rude"}  # rude words are the lists' own
    assert {len(row["weights"]) for row in shipped["kinds"].values()} == {384}
