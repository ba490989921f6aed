"""Editions side by side, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.errors import RequestError
from pipeline.exports.transcript import Sentence, Transcript


def rows(editions: Sequence[Transcript]) -> Iterator[list[tuple[Transcript, Sentence]]]:
    """A sentence of each, in order. Raises RequestError: the same twice, or not as many sentences."""
    check(editions)
    for row in zip(*(each.sentences for each in editions), strict=True):
        yield list(zip(editions, row, strict=True))


def check(editions: Sequence[Transcript]) -> None:
    """Raises RequestError, as rows() does."""
    if len({each.edition for each in editions}) < len(editions):
        raise RequestError("side by side are two different languages", problem="bad-export")
    if len({len(each.sentences) for each in editions}) > 1:
        raise RequestError(
            "these two have not the same number of sentences: choose one language", problem="bad-export"
        )
