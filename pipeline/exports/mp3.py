"""The story's mp3 for other players, with its cover.

The mp3 of the store has none: a browser that streams it would begin to play later, by the picture's length.
"""

from __future__ import annotations

import io

from pipeline.exports import source
from pipeline.exports.artwork import artwork
from pipeline.exports.transcript import Transcript
from pipeline.ports import Store


def mp3(store: Store, edition: Transcript) -> bytes:
    """Its tags and its sound are the stored ones'. Raises NotFoundError, DamagedError."""
    from mutagen.id3 import APIC, ID3, Encoding, PictureType

    sound = source.mp3(store, edition)
    picture = artwork(edition)
    tags = ID3(io.BytesIO(sound))
    front = PictureType.COVER_FRONT
    tags.add(APIC(encoding=Encoding.LATIN1, mime=picture.media_type, type=front, data=picture.data))
    file = io.BytesIO(sound)
    tags.save(file, v1=0, v2_version=3, padding=lambda _: 0)
    return file.getvalue()
