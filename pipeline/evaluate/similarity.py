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
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(texts) < 2:
        return np.zeros((len(texts), len(texts)))
    vectorizer = TfidfVectorizer(token_pattern=_WORD, stop_words="english", sublinear_tf=True)
    try:
        vectors = vectorizer.fit_transform(texts)
    except ValueError:  # nothing but everyday words
        return np.zeros((len(texts), len(texts)))
    found = (vectors @ vectors.T).toarray()
    np.fill_diagonal(found, 0.0)
    return np.clip(found, 0.0, 1.0)


def near_duplicates(texts: Sequence[str], least: float = ALIKE) -> list[tuple[int, int, float]]:
    """(i, j, Jaccard of their 3-word runs) of every two texts, i < j, that share at least `least`; the most
    alike first. Any language."""
    import numpy as np
    from scipy import sparse
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(token_pattern=_WORD, ngram_range=(_SHINGLE, _SHINGLE), binary=True)
    try:
        runs = sparse.csr_matrix(counter.fit_transform(texts), dtype="int32")
    except ValueError:  # no text of three words
        return []
    sizes = np.asarray(runs.sum(axis=1)).ravel()
    found = []
    for start in range(0, runs.shape[0], _ROWS):
        shared = (runs[start : start + _ROWS] @ runs.T).tocoo()
        for row, other, both in zip(shared.row, shared.col, shared.data, strict=True):
            one = start + int(row)
            if one < other:
                jaccard = both / (sizes[one] + sizes[other] - both)
                if jaccard >= least:
                    found.append((one, int(other), round(float(jaccard), 3)))
    return sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1]))
