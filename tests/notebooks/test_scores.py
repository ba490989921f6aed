"""Scores and similarity against hand calculations."""

from __future__ import annotations

import pytest

from pipeline.notebooks.scores import Scores, distinct_n, scores
from pipeline.notebooks.similarity import cosines, near_duplicates, nearest

# Eleven words, two sentences, 42 letters and two full stops; "grandmother" and "umbrella" have more than six.
TEXT = "Mia has a red umbrella. Her grandmother has a red hat."
FOX = "the fox sleeps in the tree"
OTHER_FOX = "the fox sleeps in the barn"
SNAIL = "a snail climbed over our wall"


def test_readability_is_what_the_formulas_give_by_hand() -> None:
    figures = scores(TEXT)
    letters, words, sentences, long = 42, 11, 2, 2
    assert figures.words == words
    # Smith and Senter 1967: 4.71 strokes/word + 0.5 words/sentence - 21.43; a full stop is a stroke
    strokes = letters + sentences
    assert figures.ari == pytest.approx(4.71 * strokes / words + 0.5 * words / sentences - 21.43, abs=0.01)
    # Coleman and Liau 1975, per 100 words: 0.0588 L - 0.296 S - 15.8; textstat takes 0.058, 0.3 grades less
    per_100 = 100 / words
    assert figures.coleman_liau == pytest.approx(
        0.058 * letters * per_100 - 0.296 * sentences * per_100 - 15.8, abs=0.01
    )
    # Björnsson 1968: words/sentence + 100 long/words; Anderson 1983: long/sentences
    assert figures.lix == pytest.approx(words / sentences + 100 * long / words, abs=0.05)
    assert figures.rix == pytest.approx(long / sentences)


def test_distinct_n_is_different_runs_over_all() -> None:
    # mia has a red umbrella her grandmother hat: 8 of 11; "has a", "a red" come twice: 8 of 10.
    assert distinct_n(TEXT, 1) == pytest.approx(8 / 11, abs=0.001)
    assert distinct_n(TEXT, 2) == pytest.approx(8 / 10)


def test_repetition_is_the_share_of_runs_that_come_again() -> None:
    # Runs of four: 1234 2341 3412 4123 1234; 1234 twice, so three of five occur once.
    assert scores("one two three four one two three four").repetition == pytest.approx(2 / 5)
    assert scores(TEXT).repetition == 0.0


@pytest.mark.parametrize("text", ["Hi.", "«¿…?»", "雪が降る", "a " * 5000])
def test_any_text_has_scores(text: str) -> None:
    assert 0 <= scores(text).repetition <= 1
    assert 0 <= scores(text).distinct_1 <= 1


def test_an_empty_text_scores_0() -> None:
    assert scores(" ") == Scores()


def test_near_duplicates_are_ordered_by_their_shared_runs() -> None:
    # Four runs each, the first three shared: 3 / (4 + 4 - 3).
    assert near_duplicates([FOX, SNAIL, OTHER_FOX], 0.5) == [(0, 2, 0.6)]
    assert near_duplicates([FOX, SNAIL, OTHER_FOX], 0.7) == []
    assert [pair[:2] for pair in near_duplicates([FOX, OTHER_FOX, FOX], 0.1)] == [(0, 2), (0, 1), (1, 2)]
    assert near_duplicates([FOX, OTHER_FOX, FOX], 0.1, most=1) == [(0, 2, 1.0)]
    assert near_duplicates(["قطة صغيرة تحب القمر", "قطة صغيرة تحب القمر"]) == [(0, 1, 1.0)]


def test_cosine_ignores_word_order_and_is_0_without_shared_words() -> None:
    similarities = cosines([FOX, "the tree in the fox sleeps", SNAIL])
    assert similarities[0, 1] == pytest.approx(1.0)
    assert (similarities[0, 2], similarities[0, 0]) == (0.0, 0.0)
    # "fox sleeps" and "fox barn": idf of the shared word 1, of a text's own word ln(3/2) + 1 = 1.405.
    assert cosines(["fox sleeps", "fox barn"])[0, 1] == pytest.approx(1 / (1 + 1.4054651**2), abs=1e-6)


def test_nearest_is_the_largest_cosine_of_the_others() -> None:
    texts = [FOX, SNAIL, "the tree in the fox sleeps"]
    assert nearest(texts).tolist() == pytest.approx(cosines(texts).max(axis=1).tolist())


@pytest.mark.parametrize("texts", [[], [FOX], ["", ""], ["the of and", "is"], ["x", "y z"]])
def test_texts_too_few_or_too_short_have_no_similarity(texts: list[str]) -> None:
    assert near_duplicates(texts) == []
    assert cosines(texts).sum() == 0.0
    assert nearest(texts).tolist() == [0.0] * len(texts)
