"""MPEG audio, Layer III, by its frames: enough to count, silence and join them; nothing is decoded.

The layout of a frame is ISO/IEC 11172-3 and 13818-3; the Xing/Info frame and LAME's extension of it
are described in LAME's "mp3 info tag" specification.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import EngineError

MPEG = "audio/mpeg"

_LAYER_III = 0b01
_MONO = 0b11
_HEADER = 4
_CRC = 2
_MPEG_1, _MPEG_2, _MPEG_25 = 0b11, 0b10, 0b00
_RATES = {
    _MPEG_1: (44_100, 48_000, 32_000),
    _MPEG_2: (22_050, 24_000, 16_000),
    _MPEG_25: (11_025, 12_000, 8_000),
}
_LOW_KBPS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
# Of the indices 1 to 14; 0 is "free format", whose frames state no length, and 15 is forbidden.
_KBPS = {
    _MPEG_1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    _MPEG_2: _LOW_KBPS,
    _MPEG_25: _LOW_KBPS,
}
_SAMPLES = {_MPEG_1: 1152, _MPEG_2: 576, _MPEG_25: 576}
_SIDE_MONO = {_MPEG_1: 17, _MPEG_2: 9, _MPEG_25: 9}
_SIDE_STEREO = {_MPEG_1: 32, _MPEG_2: 17, _MPEG_25: 17}
_XING = (b"Xing", b"Info")
_VBRI_AT = 36  # offset in a frame, whatever the length of the side information


@dataclass(frozen=True, slots=True)
class Format:
    """What frames must share to be played one after another. version: the header's two bits of it."""

    version: int
    rate: int
    channels: int

    @property
    def samples(self) -> int:
        """Samples of a frame, in each channel."""
        return _SAMPLES[self.version]

    @property
    def side(self) -> int:
        """Bytes of side information in a frame."""
        return (_SIDE_MONO if self.channels == 1 else _SIDE_STEREO)[self.version]

    def milliseconds(self, samples: int) -> int:
        return round(samples * 1000 / self.rate)


@dataclass(frozen=True, slots=True)
class Frame:
    """data: the whole of it, header included."""

    format: Format
    kbps: int
    data: bytes

    @property
    def borrowed(self) -> int:
        """main_data_begin: how many bytes of earlier frames its sound begins in (nine bits in MPEG 1)."""
        checked = not self.data[1] & 0b1
        side = self.data[_HEADER + _CRC * checked :]
        return side[0] << 1 | side[1] >> 7 if self.format.version == _MPEG_1 else side[0]

    @property
    def tag(self) -> int:
        """Offset of a Xing or Info tag."""
        return _HEADER + self.format.side

    @property
    def describes(self) -> bool:
        """Whether it holds no sound, only a description of the frames after it."""
        name = self.data[self.tag : self.tag + 4]
        return name in _XING or self.data[_VBRI_AT : _VBRI_AT + 4] == b"VBRI"

    @property
    def delay(self) -> int | None:
        """The encoder's delay in samples, where LAME's extension of the tag states it."""
        if self.data[self.tag : self.tag + 4] not in _XING:
            return None
        flags = int.from_bytes(self.data[self.tag + 4 : self.tag + 8], "big")
        counts = sum(size for bit, size in enumerate((4, 4, 100, 4)) if flags >> bit & 1)
        lame = self.tag + 8 + counts  # nine letters of the encoder's name, and 21 bytes on, twelve bits
        if len(self.data) < lame + 24 or not self.data[lame : lame + 4].strip(b"\0 "):
            return None
        return self.data[lame + 21] << 4 | self.data[lame + 22] >> 4

    def silent(self) -> Frame:
        """A frame of the same format without sound, CRC, padding byte and joint stereo.

        All-zero side information is silence, and borrows nothing: the bit reservoir starts afresh.
        """
        first, second, third, fourth = self.data[:_HEADER]
        header = bytes((first, second | 0b1, third & 0b1111_1101, fourth & 0b1100_1111))
        return Frame(self.format, self.kbps, header.ljust(_size(self.format, self.kbps), b"\0"))


@dataclass(frozen=True, slots=True)
class Stream:
    """The frames with sound, in order, without what only describes them (ID3, Xing, Info, VBRI).

    delay: samples of silence at the beginning, as the encoder states them; None where it does not.
    """

    format: Format
    frames: tuple[Frame, ...]
    delay: int | None

    @property
    def duration_ms(self) -> int:
        """Of a decoder that skips nothing: includes the encoder's delay and padding."""
        return self.format.milliseconds(len(self.frames) * self.format.samples)


def read(data: bytes, engine: str = "") -> Stream:
    """Raises EngineError (bad-audio): no frames, anything between them, a cut one, or mixed formats."""
    frames = _frames(data, engine)
    described = bool(frames) and frames[0].describes
    sounding = tuple(frames[described:])
    if not sounding:
        raise _bad("is empty", engine)
    formats = {frame.format for frame in sounding}
    if len(formats) > 1:
        raise _bad("changes its rate or channels midway", engine)
    return Stream(sounding[0].format, sounding, frames[0].delay if described else None)


def _frames(data: bytes, engine: str) -> list[Frame]:
    at = _after_id3(data)
    frames = []
    while at < len(data) and not _ends(data, at):
        frame = _frame(data, at)
        if frame is None:
            raise _bad("holds something that is not MPEG audio", engine)
        frames.append(frame)
        at += _size(frame.format, frame.kbps, frame.data[2] >> 1 & 0b1)
    if at > len(data):
        raise _bad("ends in the middle of a frame", engine)
    return frames


def _frame(data: bytes, at: int) -> Frame | None:
    """The frame at offset `at`, cut where `data` ends; None where no Layer III frame begins."""
    header = data[at : at + _HEADER]
    if len(header) < _HEADER or header[0] != 0xFF or header[1] >> 5 != 0b111:
        return None
    version, layer = header[1] >> 3 & 0b11, header[1] >> 1 & 0b11
    kbps, rate = header[2] >> 4, header[2] >> 2 & 0b11
    if version not in _RATES or layer != _LAYER_III or kbps in (0, 15) or rate == 0b11:
        return None
    own = Format(version, _RATES[version][rate], 1 if header[3] >> 6 == _MONO else 2)
    size = _size(own, _KBPS[version][kbps - 1], header[2] >> 1 & 0b1)
    return Frame(own, _KBPS[version][kbps - 1], data[at : at + size])


def _size(own: Format, kbps: int, padding: int = 0) -> int:
    return own.samples // 8 * kbps * 1000 // own.rate + padding


def _after_id3(data: bytes) -> int:
    """Offset behind any ID3v2 tags: ten bytes, a size of four times seven bits, perhaps a footer."""
    at = 0
    while data[at : at + 3] == b"ID3" and len(data) >= at + 10:
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size + 10 * (data[at + 5] >> 4 & 1)
    return at


def _ends(data: bytes, at: int) -> bool:
    """Whether only an ID3v1 tag is left."""
    return len(data) - at == 128 and data[at : at + 3] == b"TAG"


def _bad(what: str, engine: str) -> EngineError:
    return EngineError(f"the mp3 of a narration {what}: speak it again", engine=engine, problem="bad-audio")
