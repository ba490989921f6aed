"""How alike texts are: near-duplicates by the runs of words they share, variety by the words they use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_SHINGLE = 3
# Texts that share so much of their 3-word runs tell the same story in nearly the same words.
ALIKE = 0.4
# A word of any alphabet, apostrophes within it.
_WORD = r"(?u)\b\w[\w'’]*\b"
# Rows at once: 10,000 texts of 100 words need 80 MB, not 800.
_ROWS = 1000


def cosines(texts: Sequence[str]) -> Any:
    """Cosine of TF-IDF over content words for every two texts: n × n, float, 0 to 1, 0 on the diagonal.

    High where two stories are about the same things, whatever their order of words. English alone: its
    everyday words do not count.
    """
    import numpy as np

    vectors = _content(texts)
    if vectors is None:
        return np.zeros((len(texts), len(texts)))
    found = (vectors @ vectors.T).toarray()
    np.fill_diagonal(found, 0.0)
    return np.clip(found, 0.0, 1.0)


def nearest(texts: Sequence[str]) -> Any:
    """How alike each text is to the one most like it: n floats, 0 to 1, by the cosine of `cosines`, without
    keeping n × n of them."""
    import numpy as np

    found = np.zeros(len(texts))
    vectors = _content(texts)
    if vectors is None:
        return found
    for start in range(0, len(texts), _ROWS):
        shared = (vectors[start : start + _ROWS] @ vectors.T).toarray()
        rows = np.arange(len(shared))
        shared[rows, start + rows] = 0.0
        found[start : start + _ROWS] = shared.max(axis=1)
    return np.clip(found, 0.0, 1.0)


def near_duplicates(
    texts: Sequence[str], least: float = ALIKE, most: int | None = None
) -> list[tuple[int, int, float]]:
    """(i, j, Jaccard of their 3-word runs) of every two texts, i < j, that share at least `least`; the most
    alike first, and no more than `most` of them. Any language."""
    import numpy as np
    from scipy import sparse
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(token_pattern=_WORD, ngram_range=(_SHINGLE, _SHINGLE), binary=True)
    try:
        runs = sparse.csr_matrix(counter.fit_transform(texts), dtype="int32")
    except ValueError:  # no text of three words
        return []
    sizes = np.asarray(runs.sum(axis=1)).ravel()
    found: list[tuple[int, int, float]] = []
    for start in range(0, runs.shape[0], _ROWS):
        found += _alike(runs, sizes, start, least)
        found = sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1]))[:most]
    return found


def _alike(runs: Any, sizes: Any, start: int, least: float) -> list[tuple[int, int, float]]:
    """The pairs whose first is one of the _ROWS from `start` on."""
    shared = (runs[start : start + _ROWS] @ runs.T).tocoo()
    ones, others = shared.row + start, shared.col
    jaccard = shared.data / (sizes[ones] + sizes[others] - shared.data)
    kept = (ones < others) & (jaccard >= least)
    told = zip(ones[kept].tolist(), others[kept].tolist(), jaccard[kept].round(3).tolist(), strict=True)
    return list(told)


def _content(texts: Sequence[str]) -> Any:
    """TF-IDF of the content words, a row a text, of length 1; None: fewer than two texts, or no such word."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(texts) < 2:
        return None
    vectorizer = TfidfVectorizer(token_pattern=_WORD, stop_words="english", sublinear_tf=True)
    try:
        return vectorizer.fit_transform(texts)
    except ValueError:  # nothing but everyday words
        return None
