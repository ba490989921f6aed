"""Similarity of texts: near-duplicates by shared runs of words, variety by the words that they use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_SHINGLE = 3
# Texts that share this much of their 3-word runs tell the same story in nearly the same words.
NEAR_DUPLICATE = 0.4
# A word of any alphabet, apostrophes within it.
_WORD = r"(?u)\b\w[\w'’]*\b"
# Rows compared at once: 10,000 texts of 100 words need 80 MB, not 800.
_ROWS = 1000


def cosines(texts: Sequence[str]) -> Any:
    """Cosine of TF-IDF over content words for every two texts: n × n floats, 0 to 1, 0 on the diagonal.

    High where two stories are about the same things, whatever their order of words. English only: its stop
    words do not count.
    """
    import numpy as np

    vectors = _tf_idf(texts)
    if vectors is None:
        return np.zeros((len(texts), len(texts)))
    similarities = (vectors @ vectors.T).toarray()
    np.fill_diagonal(similarities, 0.0)
    return np.clip(similarities, 0.0, 1.0)


def nearest(texts: Sequence[str]) -> Any:
    """Each text's cosine with the text most like it: n floats, 0 to 1, without keeping n × n of them."""
    import numpy as np

    highest = np.zeros(len(texts))
    vectors = _tf_idf(texts)
    if vectors is None:
        return highest
    for start in range(0, len(texts), _ROWS):
        block = (vectors[start : start + _ROWS] @ vectors.T).toarray()
        rows = np.arange(len(block))
        block[rows, start + rows] = 0.0
        highest[start : start + _ROWS] = block.max(axis=1)
    return np.clip(highest, 0.0, 1.0)


def near_duplicates(
    texts: Sequence[str], least: float = NEAR_DUPLICATE, most: int | None = None
) -> list[tuple[int, int, float]]:
    """(i, j, Jaccard of their 3-word runs) of every two texts, i < j, that share at least `least`: the most
    similar first, at most `most` of them. Any language."""
    import numpy as np
    from scipy import sparse
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(token_pattern=_WORD, ngram_range=(_SHINGLE, _SHINGLE), binary=True)
    try:
        runs = sparse.csr_matrix(counter.fit_transform(texts), dtype="int32")
    except ValueError:  # no text has three words
        return []
    sizes = np.asarray(runs.sum(axis=1)).ravel()
    pairs: list[tuple[int, int, float]] = []
    for start in range(0, runs.shape[0], _ROWS):
        shared = (runs[start : start + _ROWS] @ runs.T).tocoo()
        i, j = shared.row + start, shared.col
        jaccard = shared.data / (sizes[i] + sizes[j] - shared.data)
        keep = (i < j) & (jaccard >= least)
        pairs += zip(i[keep].tolist(), j[keep].tolist(), jaccard[keep].round(3).tolist(), strict=True)
        pairs = sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))[:most]
    return pairs


def _tf_idf(texts: Sequence[str]) -> Any:
    """TF-IDF of content words, a row of length 1 a text. None: fewer than two texts, or no such word."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(texts) < 2:
        return None
    vectorizer = TfidfVectorizer(token_pattern=_WORD, stop_words="english", sublinear_tf=True)
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # stop words only
        return None
