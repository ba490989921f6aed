"""Scores against hand calculations."""

from __future__ import annotations

import pytest

from pipeline.notebooks.scores import Scores, distinct_n, scores

# Eleven words, two sentences, 42 letters and two full stops; "grandmother" and "umbrella" have more than six.
TEXT = "Mia has a red umbrella. Her grandmother has a red hat."


def test_an_empty_text_scores_nothing() -> None:
    assert scores(" ") == Scores(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_readability_is_what_the_formulas_give_by_hand() -> None:
    told = scores(TEXT)
    letters, words, sentences, long = 42, 11, 2, 2
    assert told.words == words
    # Smith and Senter 1967: 4.71 strokes/word + 0.5 words/sentence - 21.43; a full stop is a stroke
    strokes = letters + sentences
    assert told.ari == pytest.approx(4.71 * strokes / words + 0.5 * words / sentences - 21.43, abs=0.01)
    # Coleman and Liau 1975, per 100 words: 0.0588 L - 0.296 S - 15.8; textstat takes 0.058, 0.3 grades less
    per_100 = 100 / words
    assert told.coleman_liau == pytest.approx(
        0.058 * letters * per_100 - 0.296 * sentences * per_100 - 15.8, abs=0.01
    )
    # Björnsson 1968: words/sentence + 100 long/words; Anderson 1983: long/sentences
    assert told.lix == pytest.approx(words / sentences + 100 * long / words, abs=0.05)
    assert told.rix == pytest.approx(long / sentences)


def test_distinct_n_is_different_runs_over_all() -> None:
    # mia has a red umbrella her grandmother hat: 8 of 11; "has a", "a red" come twice: 8 of 10.
    assert distinct_n(TEXT, 1) == pytest.approx(8 / 11, abs=0.001)
    assert distinct_n(TEXT, 2) == pytest.approx(8 / 10)


def test_repetition_is_the_share_of_runs_that_come_again() -> None:
    looped = "one two three four one two three four"
    # Runs of four: 1234 2341 3412 4123 1234; 1234 twice, so three of five occur once.
    assert scores(looped).repetition == pytest.approx(2 / 5)
    assert scores(TEXT).repetition == 0.0


@pytest.mark.parametrize("text", ["Hi.", "«¿…?»", "雪が降る", "a " * 5000])
def test_any_text_has_scores(text: str) -> None:
    told = scores(text)
    assert 0 <= told.repetition <= 1
    assert 0 <= told.distinct_1 <= 1
