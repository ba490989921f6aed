"""Reasoning never passes as text, however it is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.openai.thoughts import Thoughts


def let_through(parts: list[str], inside: bool = False) -> tuple[str, Thoughts]:
    """What came out in pieces, joined, and the filter."""
    thoughts = Thoughts(inside)
    return "".join([*map(thoughts.feed, parts), thoughts.end()]), thoughts


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("A snail.", "A snail."),
        ("<think>hm, a snail</think>\n\nA snail.\n", "A snail."),
        ("<think>\n\n</think>\n\nA snail.", "A snail."),
        ("[THINK]hm[/THINK]A snail.", "A snail."),
        ("<thinking>hm</thinking> A <think>again</think> snail.", "A snail."),
        ("<think>never an end", ""),
        ("2 < 3 and <thin ice", "2 < 3 and <thin ice"),
        ("", ""),
        ("A snail <thi", "A snail <thi"),
    ],
)
@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_text_is_the_same_however_it_is_cut(raw: str, text: str, cuts: list[int]) -> None:
    places = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    parts = [raw[start:end] for start, end in itertools.pairwise(places)]
    shown, thoughts = let_through(parts)
    assert (shown, thoughts.text) == (text, text)
    assert thoughts.retracted == 0


def test_an_end_without_a_beginning_takes_back_what_came_before() -> None:
    """The template of DeepSeek R1 and Qwen's thinking models writes the opening tag into the prompt."""
    _, thoughts = let_through(["I should", " write.</th", "ink>\nA snail."])
    assert (thoughts.text, thoughts.retracted, thoughts.reasoned) == ("A snail.", 1, True)


def test_a_model_that_is_known_to_begin_in_its_reasoning_shows_none_of_it() -> None:
    shown, thoughts = let_through(["I should", " write.</th", "ink>\nA snail."], inside=True)
    assert (shown, thoughts.retracted, thoughts.reasoned) == ("A snail.", 0, True)


def test_a_model_that_was_taken_to_reason_and_does_not_loses_no_text() -> None:
    shown, thoughts = let_through(["A snail", " slept."], inside=True)
    assert (shown, thoughts.reasoned) == ("A snail slept.", False)


def test_text_comes_as_soon_as_it_is_certain() -> None:
    thoughts = Thoughts()
    assert [thoughts.feed(part) for part in ("A ", "snail", " <", "b", ">")] == [
        "A",
        " snail",
        "",
        " <b",
        ">",
    ]
