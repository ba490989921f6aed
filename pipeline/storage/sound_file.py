"""A sound with a note about it in the same file, which players play as before.

WAV: a chunk of our own in front of the others. MP3: an ID3v2.4 tag with one PRIV frame. One file is one
write: a sound can never be paired with the marks of another.
"""

from __future__ import annotations

EXTENSIONS = {"audio/wav": "wav", "audio/mpeg": "mp3"}
_CHUNK = b"stry"
_OWNER = b"mvp-stories\0"
_RIFF, _TAG, _FRAME = 12, 10, 10  # bytes of a RIFF header, an ID3v2 header, an ID3v2 frame's header


def pack(audio: bytes, media_type: str, note: bytes) -> bytes:
    """`audio`, a whole file of `media_type` (a key of EXTENSIONS), with `note` in it.

    Raises ValueError: it is no WAV file where it should be one.
    """
    if media_type == "audio/wav":
        if audio[:4] != b"RIFF":
            raise ValueError("not a WAV file")
        # A chunk has an even number of bytes; a blank more is still the same JSON.
        chunk = note + b" " * (len(note) % 2)
        size = int.from_bytes(audio[4:8], "little") + 8 + len(chunk)
        header = audio[:4] + size.to_bytes(4, "little") + audio[8:_RIFF]
        return header + _CHUNK + len(chunk).to_bytes(4, "little") + chunk + audio[_RIFF:]
    body = _OWNER + note
    frame = b"PRIV" + _synchsafe(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + _synchsafe(len(frame)) + frame + audio


def note_of(data: bytes) -> tuple[bytes, int]:
    """The note, and how many bytes of `data` come before the rest of the sound.

    data: a packed file, or its beginning: a note that ends past it comes back short. Raises ValueError: there
    is no note of ours in it.
    """
    if data[:4] == b"RIFF" and data[_RIFF : _RIFF + 4] == _CHUNK:
        start = _RIFF + 8
        end = start + int.from_bytes(data[_RIFF + 4 : start], "little")
        return data[start:end], end
    start = _TAG + _FRAME + len(_OWNER)
    if (
        data[:3] == b"ID3"
        and data[_TAG : _TAG + 4] == b"PRIV"
        and data[start - len(_OWNER) : start] == _OWNER
    ):
        end = _TAG + _size(data[6:_TAG])
        return data[start:end], end
    raise ValueError("no note in this sound")


def unpack(data: bytes) -> tuple[bytes, bytes]:
    """(audio, note), as they were packed but for a blank at the note's end. Raises ValueError."""
    note, end = note_of(data)
    if end > len(data):
        raise ValueError("the file is cut")
    if data[:4] != b"RIFF":
        return data[end:], note
    size = int.from_bytes(data[4:8], "little") - (end - _RIFF)
    if size < 0:
        raise ValueError("the RIFF header's size is wrong")
    return data[:4] + size.to_bytes(4, "little") + data[8:_RIFF] + data[end:], note


def _synchsafe(size: int) -> bytes:
    """ID3's 28-bit sizes: seven bits a byte."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def _size(synchsafe: bytes) -> int:
    return sum(byte << shift for byte, shift in zip(synchsafe, (21, 14, 7, 0), strict=True))
