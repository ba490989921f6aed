"""Texts packed into calls of Amazon Translate, and its answers put back: pure, no service."""

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
    """What is sent of one text: the whole, or some sentences of a long one. of: the text's place."""

    of: int
    text: str

    @property
    def size(self) -> int:
        """Bytes of UTF-8."""
        return len(self.text.encode())


def pieces(texts: Iterable[str], limit: int = LIMIT_BYTES) -> tuple[Piece, ...]:
    """What is to be sent, in order: texts without a word are not, a long text goes in several pieces.

    Each piece is one line of at most `limit` bytes. Raises EngineError "too-long".
    """
    return tuple(
        Piece(at, part)
        for at, text in enumerate(texts)
        if words(text)
        for part in _parts(clean(sendable(text)), limit)
    )


def packs(sent: Sequence[Piece], limit: int = LIMIT_BYTES) -> tuple[tuple[Piece, ...], ...]:
    """Pieces by the call that takes them: joined by newlines, a call holds at most `limit` bytes."""
    found: list[list[Piece]] = []
    room = 0
    for piece in sent:
        if piece.size + 1 > room:
            found.append([])
            room = limit + 1  # the last piece has no newline after it
        found[-1].append(piece)
        room -= piece.size + 1
    return tuple(map(tuple, found))


def rejoined(texts: Sequence[str], told: Iterable[tuple[int, str]]) -> Iterator[str]:
    """Each text's translation, as soon as its last piece is told; a text of which nothing was sent comes
    back as it is. told: (which text, a piece's translation), in order."""
    at = 0
    for of, parts in groupby(told, key=lambda pair: pair[0]):
        yield from texts[at:of]
        yield " ".join(part for _, part in parts)
        at = of + 1
    yield from texts[at:]


def whole(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer, where it is one: of a body that broke off botocore makes an answer with no members.

    Raises UnavailableError.
    """
    if "TranslatedText" not in answer or "SourceLanguageCode" not in answer:
        raise UnavailableError("the answer of Amazon Translate broke off: run it again", engine=ENGINE)
    return answer


def sendable(text: str) -> str:
    """Lone surrogates are no text: the wire has no bytes for them."""
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
