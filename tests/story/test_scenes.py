"""The prompts of new lines, and what is read of their answers."""

from __future__ import annotations

from itertools import chain

import pytest

from pipeline.errors import ConfigError
from pipeline.story.scenes import scene_prompt, shares
from pipeline.types import Completion, StoryRequest

PROMPT = scene_prompt("scenes@1")
REQUEST = StoryRequest("a snail", 7, "grown-up pirates", "good-night")
TOLD = tuple(f"Sentence {number}." for number in range(12))


@pytest.mark.parametrize(("lines", "scenes"), [(10, 3), (8, 3), (7, 5), (10, 5), (9, 1)])
def test_each_line_of_a_plan_is_in_one_scene_in_order(lines: int, scenes: int) -> None:
    parts = shares(lines, scenes)
    assert list(chain(*parts)) == list(range(lines))
    assert len(parts) == scenes
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_prompt_shows_the_last_scene_and_one_line_of_the_plan() -> None:
    prompt = PROMPT.prompt(REQUEST, [*"abcd", "Then Otto came.", "They slept."], 4, TOLD, 0)
    assert "grown-up pirates" in prompt.system
    assert prompt.user.endswith("The next line: Then Otto came.")
    assert "Sentence 11." in prompt.user
    assert "slept" not in prompt.user


def test_the_last_line_of_a_plan_is_named_as_such() -> None:
    assert "The last line: b" in PROMPT.prompt(REQUEST, ["a", "b"], 1, TOLD, 0).user


def test_each_line_and_each_draft_is_another_call_and_the_same_one_again() -> None:
    prompts = [
        PROMPT.prompt(REQUEST, ["A.", "A.", "B."], place, (), attempt)
        for place in (0, 1)
        for attempt in (0, 1)
    ]
    assert len({prompt.seed for prompt in prompts}) == 4
    assert prompts[0] == PROMPT.prompt(REQUEST, ["A.", "A.", "B."], 0, (), 0)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("1. It rained.\n2. “Oh,” said Tom.", ("It rained.", "“Oh,” said Tom.")),
        ("1. It rained.", ("It rained.",)),
        ("1. It rained.\n2. Tom sang.\n3. The end.", ("It rained.", "Tom sang.")),
    ],
)
def test_new_lines_are_read_without_their_numbers(text: str, lines: tuple[str, ...]) -> None:
    assert PROMPT.parse(Completion(text, 1, 1, "end")) == lines


def test_a_line_that_was_cut_is_left_out() -> None:
    assert PROMPT.parse(Completion("1. It rained.\n2. Tom sa", 1, 1, "length")) == ("It rained.",)


def test_a_prompt_that_is_not_here_is_named() -> None:
    with pytest.raises(ConfigError, match=r"unknown scene prompt 'x@1': there are .*scenes@1"):
        scene_prompt("x@1")
