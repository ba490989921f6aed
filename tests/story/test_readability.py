from __future__ import annotations

import pytest

from pipeline.story.readability import grade, longest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # By hand: 4.71 letters/words + 0.5 words/sentences - 21.43.
        (("The cat sat.", "It ran."), -7.0),  # 14 letters, 5 words, 2 sentences
        (("Extraordinary circumstances necessitate deliberation.",), 38.3),  # 49 letters, 4 words
        (("“Oh-oh!” said Zoë’s owl.",), -1.8),  # 4 words: Oh-oh, said, Zoë’s, owl; 15 letters
        ((), 0.0),
    ],
)
def test_the_grade_is_the_automated_readability_index(text: tuple[str, ...], expected: float) -> None:
    assert grade(text) == pytest.approx(expected, abs=0.05)


def test_the_longest_sentence_is_counted_in_words() -> None:
    assert longest(("One two.", "“Three,” said four — five.")) == 4
    assert longest(()) == 0
