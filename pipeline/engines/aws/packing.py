"""Texts packed into calls of Amazon Translate, and its replies taken apart: pure, no service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import shorten
from typing import Any

from pipeline.errors import EngineError, UnavailableError
from pipeline.story.text import clean, sentences, words

ENGINE = "translate"
# TranslateText takes 10,000 bytes of UTF-8, not characters (API reference, TranslateText, "Text").
LIMIT_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A text, or some sentences of a long one, as sent. index: the index of the text."""

    index: int
    text: str

    @property
    def size(self) -> int:
        """Bytes of UTF-8."""
        return len(self.text.encode())


def pieces(texts: Iterable[str], limit: int = LIMIT_BYTES) -> tuple[Piece, ...]:
    """The pieces to send, in order: none for a text without a word, several for a long text.

    Each piece is one line of at most `limit` bytes. Raises EngineError "too-long".
    """
    return tuple(
        Piece(index, part)
        for index, text in enumerate(texts)
        if words(text)
        for part in _parts(clean(sendable(text)), limit)
    )


def packs(sent: Sequence[Piece], limit: int = LIMIT_BYTES) -> tuple[tuple[Piece, ...], ...]:
    """Pieces grouped by call: joined by newlines, a call holds at most `limit` bytes."""
    calls: list[list[Piece]] = []
    room = 0
    for piece in sent:
        if piece.size + 1 > room:
            calls.append([])
            room = limit + 1  # the last piece has no newline after it
        calls[-1].append(piece)
        room -= piece.size + 1
    return tuple(map(tuple, calls))


def rejoined(texts: Sequence[str], translations: Iterable[tuple[int, str]]) -> Iterator[str]:
    """Each text's translation, as soon as its last piece has come; a text of which nothing was sent stays
    as it is. translations: (index of the text, a piece's translation), in order."""
    start = 0
    for index, parts in groupby(translations, key=lambda pair: pair[0]):
        yield from texts[start:index]
        yield " ".join(part for _, part in parts)
        start = index + 1
    yield from texts[start:]


def whole(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """The reply itself. Raises UnavailableError: of a body that broke off botocore makes an empty reply."""
    if "TranslatedText" not in reply or "SourceLanguageCode" not in reply:
        raise UnavailableError("the answer of Amazon Translate broke off: run it again", engine=ENGINE)
    return reply


def sendable(text: str) -> str:
    """The text without lone surrogates, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def _parts(text: str, limit: int) -> Iterator[str]:
    """The text, cut at as few sentence ends as `limit` bytes allow."""
    part = ""
    for sentence in sentences(text) if len(text.encode()) > limit else (text,):
        if len(sentence.encode()) > limit:
            raise EngineError(
                f'"{shorten(sentence, 50)}" is one sentence of {len(sentence.encode())} bytes, Amazon '
                f"Translate takes {limit}: make it shorter",
                engine=ENGINE,
                problem="too-long",
            )
        longer = f"{part} {sentence}" if part else sentence
        if len(longer.encode()) > limit:
            yield part
            part = sentence
        else:
            part = longer
    yield part
