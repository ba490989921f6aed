"""The picture of a story, for its book, its feed and its sound file: the only place that chooses it.

A night sky of the story's own, from its id: a moon over hills, and no letters, so that it fits all languages.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from hashlib import sha256

from pipeline.exports.transcript import Transcript
from pipeline.exports.words import words

# Pixels: the least that podcast directories take.
SIZE = 1400
_SKY_TOP, _SKY_FOOT, _HILL, _MOON, _STAR = (
    (22, 28, 66),
    (88, 92, 148),
    (30, 44, 52),
    (250, 238, 200),
    (214, 218, 240),
)
_STARS = 60

_Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """data: a square picture, a whole file of `media_type`: image/png or image/jpeg, which sound files and
    feeds take. alt: what is on it, in the story's language.
    """

    media_type: str
    data: bytes
    alt: str


def artwork(transcript: Transcript) -> Picture:
    """The same picture for the same story in all its languages."""
    alt = f"{words(transcript.locale).cover}: {transcript.title}"
    return Picture("image/png", _png(_rows(sha256(transcript.story_id.encode()).digest())), alt)


def _rows(seed: bytes) -> list[bytearray]:
    rows = [bytearray(bytes(_between(_SKY_TOP, _SKY_FOOT, y / SIZE)) * SIZE) for y in range(SIZE)]
    for number in range(_STARS):
        x, y = (int.from_bytes(sha256(seed + bytes([number, axis])).digest()[:4]) % SIZE for axis in (0, 1))
        _disc(rows, x, y * 7 // 10, 2 + number % 3, _STAR)
    _disc(rows, SIZE // 4 + seed[0] * 2, SIZE // 4 + seed[1], 110 + seed[2] // 4, _MOON)
    for shift, radius in ((seed[3] * 3, 900), (SIZE - seed[4] * 2, 760)):
        _disc(rows, shift, SIZE + radius - 260, radius, _HILL)
    return rows


def _between(start: _Colour, end: _Colour, share: float) -> list[int]:
    return [round(a + (b - a) * share) for a, b in zip(start, end, strict=True)]


def _disc(rows: list[bytearray], x: int, y: int, radius: int, colour: _Colour) -> None:
    for row in range(max(0, y - radius), min(SIZE, y + radius + 1)):
        half = int((radius**2 - (row - y) ** 2) ** 0.5)
        left, right = max(0, x - half), min(SIZE, x + half + 1)
        if left < right:
            rows[row][3 * left : 3 * right] = bytes(colour) * (right - left)


def _png(rows: list[bytearray]) -> bytes:
    """RGB, 8 bits a channel (PNG specification, 11.2)."""
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
