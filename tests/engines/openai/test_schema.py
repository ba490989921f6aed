"""A story's shape as a schema, and the answer back as lines."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.openai.schema import JsonLines, in_json, labels, schema
from pipeline.story.prompt import story_prompt
from pipeline.types import Completion, Prompt, StoryRequest

STORY = story_prompt()
PROMPT = STORY.prompt(StoryRequest("a shy snail"), "a shy snail", 0)
LABELS = ("Hero", "Wish", "Problem", "Help", "Title", *(f"line {number}" for number in range(1, 11)))


def test_the_shipped_story_prompt_has_a_property_a_line() -> None:
    assert labels(PROMPT) == LABELS
    assert schema(LABELS)["required"] == list(LABELS)
    assert schema(LABELS)["additionalProperties"] is False


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt("p@1", "s", "u", examples=(("a", "Hero: Ava\n1. One."),)),  # no grammar: no shape
        Prompt("p@1", "s", "u", grammar="root ::= [a-z]+"),
        Prompt("p@1", "s", "u", examples=(("a", "Good night."),), grammar="root ::= [a-z]+"),
        Prompt("p@1", "s", "u", examples=(("a", "Hero: A"), ("b", "Wish: B")), grammar="root ::= [a-z]+"),
    ],
)
def test_another_prompt_has_none(prompt: Prompt) -> None:
    assert labels(prompt) == ()


def test_worked_examples_are_shown_in_json() -> None:
    (_, answer), *_ = in_json(PROMPT).examples
    assert tuple(json.loads(answer)) == LABELS
    assert json.loads(answer)["line 5"] == '"I will never be brave," she whispered.'


@given(cuts=st.lists(st.integers(0, 5000), max_size=8), example=st.sampled_from([0, 1, 2]))
def test_an_example_in_json_comes_back_as_its_lines_however_it_is_cut(cuts: list[int], example: int) -> None:
    text, answer = in_json(PROMPT).examples[example][1], PROMPT.examples[example][1]
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    lines = JsonLines()
    assert "".join(lines.feed(text[start:end]) for start, end in itertools.pairwise(places)) == answer


def test_lines_come_one_by_one() -> None:
    lines = JsonLines()
    pieces = [
        lines.feed(part) for part in ('{"Title": "A Sn', 'ail", "line 1": "She', ' \\"ran\\".\\n"', "}")
    ]
    assert pieces == ["", "Title: A Snail", '\n1. She "ran".', ""]


def test_a_fenced_answer_is_read_and_other_text_passes_as_it_is() -> None:
    assert JsonLines().feed('```json\n{"Title": "A"}\n```') == "Title: A"
    assert JsonLines().feed('Title: A "b": "c"\n1. One.') == 'Title: A "b": "c"\n1. One.'
    assert JsonLines().feed('{"bad \\x": "escape", "line 2": "x"}') == "2. x"


def test_the_lines_are_a_draft() -> None:
    answer = json.dumps({name: f"Text of {name}." for name in LABELS})
    draft = STORY.parse(Completion(JsonLines().feed(answer), 1, 1, "end"), longest=500)
    assert (draft.title, len(draft.lines), draft.whole) == ("Text of Title.", 10, True)
