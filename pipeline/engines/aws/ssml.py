"""The SSML that Polly receives: a small XML document around a segment, and its bytes mapped back.

Only <speak>, <s> and, for another pace, <prosody rate>: neural voices refuse <emphasis> and the pitch of
<prosody>, and generative ones take <prosody> only around whole sentences.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_OPEN, _CLOSE = "<speak><s>", "</s></speak>"
# rate: 20 to 200 % of the voice's own (developer guide, "Controlling volume, speaking rate, and pitch").
_OPEN_PACED, _CLOSE_PACED = '<speak><s><prosody rate="{}%">', "</prosody></s></speak>"
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
    """ssml: the text to send. origins: for each of its UTF-8 bytes, the character of the segment.

    billed: characters that the service counts against its 3,000: all but the tags.
    """

    ssml: str
    origins: tuple[int, ...]
    billed: int

    def characters(self, start: int, end: int) -> tuple[int, int] | None:
        """Byte offsets of the document as character offsets of the segment; None outside the document."""
        if not 0 <= start < end <= len(self.origins):
            return None
        return self.origins[start], self.origins[end - 1] + 1


def document(text: str, pace: float = 1.0) -> Document:
    """Every character of the segment is read as text: nothing in it can become a tag.

    pace: as a share of the voice's own.
    """
    is_usual = pace == 1
    opening = _OPEN if is_usual else _OPEN_PACED.format(round(pace * 100))
    closing = _CLOSE if is_usual else _CLOSE_PACED
    ssml = [opening]
    origins = [0] * len(opening)
    for index, escaped in _escaped(text):
        ssml.append(escaped)
        origins += [index] * len(escaped.encode())
    ssml.append(closing)
    origins += [max(0, len(text) - 1)] * len(closing)
    whole = "".join(ssml)
    return Document(whole, tuple(origins), len(whole) - len(opening) - len(closing))


def _escaped(text: str) -> Iterator[tuple[int, str]]:
    for index, character in enumerate(text):
        category = unicodedata.category(character)
        if category in _INVISIBLE or ord(character) in _VARIATION:
            continue
        if category in _BLANK and not (category == "So" and ord(character) <= _LATIN_1):
            yield index, " "
        else:
            yield index, _ENTITIES.get(character, character)
