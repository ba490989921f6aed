"""The SSML that Polly receives: a small XML document around a segment, and its bytes mapped back.

Only <speak> and <s>: neural voices refuse <emphasis> and parts of <prosody>, and a segment needs neither.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_OPEN = "<speak><s>"
_CLOSE = "</s></speak>"
# Quotes need no escape in text (developer guide, "Reserved characters in SSML"), and marks count bytes:
# the fewer entities in a document, the less depends on how the service counts them.
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Controls, half surrogates and what is no character (XML 1.0 forbids most of them), and emoji, which a
# voice would read out by name. They part words, so each becomes a blank.
_BLANK = frozenset({"Cc", "Cs", "Cn", "Co", "So", "Sk", "Me", "Zl", "Zp"})
_INVISIBLE = frozenset({"Cf"})  # joiners, direction marks, soft hyphens: they stand inside words
_VARIATION = range(0xFE00, 0xFE10)
_LATIN_1 = 0xFF  # of these ° and © are symbols too, and are said


@dataclass(frozen=True, slots=True)
class Document:
    """ssml: the text to send. origins: for each of its UTF-8 bytes, the character of the segment."""

    ssml: str
    origins: tuple[int, ...]

    @property
    def billed(self) -> int:
        """Characters that the service counts against its 3,000: all but the tags."""
        return len(self.ssml) - len(_OPEN) - len(_CLOSE)

    def characters(self, start: int, end: int) -> tuple[int, int] | None:
        """Byte offsets of the document as character offsets of the segment; None outside the document."""
        if not 0 <= start < end <= len(self.origins):
            return None
        return self.origins[start], self.origins[end - 1] + 1


def document(text: str) -> Document:
    """Every character of the segment is read as text: nothing in it can become a tag."""
    ssml = [_OPEN]
    origins = [0] * len(_OPEN)
    for index, escaped in _escaped(text):
        ssml.append(escaped)
        origins += [index] * len(escaped.encode())
    ssml.append(_CLOSE)
    origins += [max(0, len(text) - 1)] * len(_CLOSE)
    return Document("".join(ssml), tuple(origins))


def _escaped(text: str) -> Iterator[tuple[int, str]]:
    for index, character in enumerate(text):
        category = unicodedata.category(character)
        if category in _INVISIBLE or ord(character) in _VARIATION:
            continue
        if category in _BLANK and not (category == "So" and ord(character) <= _LATIN_1):
            yield index, " "
        else:
            yield index, _ENTITIES.get(character, character)
