"""What is new in a line, and what is a run of words that was there before."""

from __future__ import annotations

import pytest

from pipeline.story.runs import new_lines

BEFORE = "The stars twinkled like diamonds in the sky. Mila felt her heart grow warm."
EXAMPLE = "He pulled and twisted, but he only made a big knot."


@pytest.mark.parametrize(
    "line",
    [
        "The moon shone like diamonds in the sky.",  # three runs of three words were there
        "Pia felt her heart grow light.",
        "She only made a big mess.",  # "only made a big" is the example's
        '"Come in," said Pia, "and',
    ],
)
def test_a_line_that_says_something_again_or_stays_open_is_left_out(line: str) -> None:
    assert new_lines([line, "A mouse came by with a nut."], BEFORE, [EXAMPLE]) == (
        "A mouse came by with a nut.",
    )


def test_one_turn_of_phrase_may_come_again() -> None:
    line = "A bat flew across in the sky."
    assert new_lines([line], BEFORE, [EXAMPLE]) == (line,)


def test_the_second_line_may_not_say_the_first_again() -> None:
    assert new_lines(["Tom ran to the blue sea.", "Nora ran to the blue sea."], "", []) == (
        "Tom ran to the blue sea.",
    )
