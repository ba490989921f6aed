"""What readers gave: intervals and agreement."""

from __future__ import annotations

import pytest

from bench.readers.agreement import Reading, kappa, table


def reading(reader: str, *aloud: str, points: str = "2") -> Reading:
    figures = dict.fromkeys(("idea", "plot", "hero", "ending", "language"), points)
    rows = [{"number": str(number), "aloud": word, **figures} for number, word in enumerate(aloud, 1)]
    return Reading.of(reader, rows)


def test_kappa_of_a_known_table() -> None:
    """20 both yes, 5 and 10 apart, 15 both no: 0.4, the worked example of Cohen's kappa on Wikipedia."""
    first = [True] * 25 + [False] * 25
    second = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    assert kappa(dict(enumerate(first)), dict(enumerate(second))) == pytest.approx(0.4)


def test_an_arm_and_reader_is_a_row() -> None:
    text = table([reading("ann", "yes", "no"), reading("ben", "yes", "yes")], {1: "today", 2: "other"})
    assert "| today | ann | 1 of 1 | 21% to 100% | 10.0 |" in text  # Wilson, 1 of 1
    assert "| other | ann | 0 of 1 | 0% to 79% | 10.0 |" in text
    assert "ann and ben agree on 1 of 2" in text


@pytest.mark.parametrize(("aloud", "points"), [("perhaps", "2"), ("yes", "3")])
def test_answers_off_the_scale_are_refused(aloud: str, points: str) -> None:
    with pytest.raises(ValueError, match="story 1"):
        reading("ann", aloud, points=points)


def test_a_story_that_was_not_read_is_named() -> None:
    with pytest.raises(ValueError, match="ann left out: 2"):
        table([reading("ann", "yes")], {1: "today", 2: "today"})
