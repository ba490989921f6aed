"""How alike texts are, against hand calculations."""

from __future__ import annotations

import pytest

from pipeline.notebooks.similarity import cosines, near_duplicates, nearest

FOX = "the fox sleeps in the tree"
OTHER_FOX = "the fox sleeps in the barn"
SNAIL = "a snail climbed over our wall"


def test_near_duplicates_are_told_by_shared_runs() -> None:
    # Four runs each, the first three shared: 3 / (4 + 4 - 3).
    assert near_duplicates([FOX, SNAIL, OTHER_FOX], 0.5) == [(0, 2, 0.6)]
    assert near_duplicates([FOX, SNAIL, OTHER_FOX], 0.7) == []


def test_the_most_alike_come_first() -> None:
    assert [pair[:2] for pair in near_duplicates([FOX, OTHER_FOX, FOX], 0.1)] == [(0, 2), (0, 1), (1, 2)]


def test_any_alphabet_is_read() -> None:
    assert near_duplicates(["قطة صغيرة تحب القمر", "قطة صغيرة تحب القمر"]) == [(0, 1, 1.0)]


def test_cosine_is_one_for_the_same_words_and_none_for_others() -> None:
    found = cosines([FOX, "the tree in the fox sleeps", SNAIL])
    assert found[0, 1] == pytest.approx(1.0)
    assert found[0, 2] == 0.0
    assert found[0, 0] == 0.0


def test_cosine_of_two_texts_by_hand() -> None:
    # "fox sleeps" and "fox barn": idf of the shared word 1, of one text's own word ln(3/2) + 1 = 1.405.
    own = 1.4054651
    assert cosines(["fox sleeps", "fox barn"])[0, 1] == pytest.approx(1 / (1 + own**2), abs=1e-6)


@pytest.mark.parametrize("texts", [[], [FOX], ["", ""], ["the of and", "is"], ["x", "y z"]])
def test_texts_too_few_or_too_poor_are_alike_in_nothing(texts: list[str]) -> None:
    assert near_duplicates(texts) == []
    assert cosines(texts).sum() == 0.0


def test_no_more_pairs_are_told_than_asked_for() -> None:
    assert near_duplicates([FOX, OTHER_FOX, FOX], 0.1, most=1) == [(0, 2, 1.0)]


def test_the_nearest_is_the_most_alike_of_the_others() -> None:
    texts = [FOX, SNAIL, "the tree in the fox sleeps"]
    assert nearest(texts).tolist() == pytest.approx(cosines(texts).max(axis=1).tolist())
    assert nearest([FOX]).tolist() == [0.0]
    assert nearest([]).tolist() == []
