"""Frames are checked by two other programs: libsndfile decodes, mutagen reads the headers."""

from __future__ import annotations

import io

import lameenc
import mutagen.id3
import mutagen.mp3
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from mutagen.mp3._util import XingHeader

from pipeline.engines import mpeg
from pipeline.errors import EngineError
from pipeline.types import Narration
from tests.hearing import Sound, decoded, noise

# Rate, kbit/s, channels: each version of the standard, with padded frames and without.
KINDS = [
    (8_000, 16, 1),
    (12_000, 24, 1),
    (16_000, 32, 1),
    (22_050, 48, 1),
    (24_000, 48, 1),
    (24_000, 64, 2),
    (44_100, 64, 1),
    (44_100, 128, 2),
    (48_000, 64, 1),
]


def mp3_of(samples: Sound, rate: int = 24_000, kbps: int = 48) -> bytes:
    """Without a header before the sound. The defaults are Polly's: mono, 24 kHz, 48 kbit/s.

    (LAME turns the rate down where the bits are too few for it.)
    """
    encoder = lameenc.Encoder()
    encoder.set_in_sample_rate(rate)
    encoder.set_bit_rate(kbps)
    encoder.set_channels(samples.ndim)
    encoder.silence()
    whole = np.rint(samples.clip(-1, 1) * 32767).astype("<i2")
    return bytes(encoder.encode(whole.tobytes())) + bytes(encoder.flush())


def tagged_mp3_of(samples: Sound, rate: int = 24_000) -> bytes:
    """With an Info frame of LAME's before the sound, and bitrates that vary."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="MP3", subtype="MPEG_LAYER_III")
    return file.getvalue()


def spoken(samples: Sound, rate: int = 24_000, kbps: int = 48) -> Narration:
    """A sound as Polly gives it, without marks."""
    audio = mp3_of(samples, rate, kbps)
    return Narration(audio, "audio/mpeg", mpeg.read(audio).duration_ms, ())


@pytest.mark.parametrize(("rate", "kbps", "channels"), KINDS)
def test_frames_are_counted_as_a_decoder_does(rate: int, kbps: int, channels: int) -> None:
    audio = mp3_of(noise(1.3, rate, channels=channels), rate, kbps)
    stream = mpeg.read(audio)
    samples, decoded_rate = decoded(audio)
    info = mutagen.mp3.MP3(io.BytesIO(audio)).info
    assert len(stream.frames) * stream.format.samples == len(samples)
    assert stream.duration_ms == round(len(samples) * 1000 / decoded_rate)
    assert (stream.format.rate, stream.format.channels) == (decoded_rate, channels)
    assert (stream.format.rate, stream.format.channels) == (info.sample_rate, info.channels)
    assert {frame.kbps * 1000 for frame in stream.frames} == {info.bitrate}
    assert b"".join(frame.data for frame in stream.frames) == audio


def test_an_info_frame_is_left_out_and_its_delay_read() -> None:
    audio = tagged_mp3_of(noise(2))
    assert b"Info" in audio[:60] or b"Xing" in audio[:60]
    stream = mpeg.read(audio)
    rest = b"".join(frame.data for frame in stream.frames)
    assert audio.endswith(rest)
    assert len(audio) - len(rest) == stream.frames[0].format.samples // 8 * 1000 * _kbps(audio) // 24_000
    assert stream.delay == mutagen_delay(audio) == 576
    assert mpeg.read(mp3_of(noise(0.3))).delay is None


def _kbps(audio: bytes) -> int:
    return (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)[(audio[2] >> 4) - 1]


def mutagen_delay(audio: bytes) -> int:
    tag = audio.index(b"LAME", 20) - 120
    return int(XingHeader(io.BytesIO(audio[tag:])).lame_header.encoder_delay_start)


@pytest.mark.parametrize("version", [3, 4])
def test_id3_tags_are_left_out(version: int) -> None:
    bare = mp3_of(noise(0.5))
    file = io.BytesIO(bare)
    tags = mutagen.id3.ID3()
    tags.add(mutagen.id3.TSSE(encoding=3, text="Lavf58.76.100"))
    tags.add(mutagen.id3.TIT2(encoding=3, text="ÿû" * 200))
    tags.save(file, v1=2, v2_version=version)
    tagged = file.getvalue()
    assert tagged.startswith(b"ID3")
    assert tagged[-128:-125] == b"TAG"
    assert mpeg.read(tagged) == mpeg.read(bare)


def test_the_footer_of_an_id3_tag_is_left_out() -> None:
    bare = mp3_of(noise(0.2))
    size = b"\x00\x00\x01\x02"  # 130, seven bits a byte
    tagged = b"ID3\x04\x00\x10" + size + b"\xff" * 130 + b"3DI\x04\x00\x10" + size + bare
    assert mpeg.read(tagged) == mpeg.read(bare)


@pytest.mark.parametrize(
    ("header", "side", "borrowed"),
    [
        (b"\xff\xf3\x64\xc0", b"\x07\x80", 7),  # MPEG 2: eight bits
        (b"\xff\xf2\x64\xc0", b"\xaa\xaa\xff\x80", 255),  # behind a CRC
        (b"\xff\xfb\x50\xc0", b"\x80\x80", 257),  # MPEG 1: nine bits
        (b"\xff\xfa\x50\xc0", b"\xaa\xaa\x00\x7f", 0),
    ],
)
def test_borrowed_bytes_are_read_from_the_side_information(header: bytes, side: bytes, borrowed: int) -> None:
    frame = (header + side).ljust(144 if header[1] < 0xF8 else 208, b"\0")
    (first, *_) = mpeg.read(frame * 2).frames
    assert first.borrowed == borrowed
    assert mpeg.read(first.silent().data).frames[0].borrowed == 0


def test_a_vbri_frame_is_left_out() -> None:
    bare = mp3_of(noise(0.5))
    frame = mpeg.read(bare).frames[0].silent().data
    described = frame[:36] + b"VBRI" + frame[40:]
    assert mpeg.read(described + bare) == mpeg.read(bare)


SHORT = mp3_of(noise(0.2))


@pytest.mark.parametrize(
    ("audio", "why"),
    [
        (SHORT[:288] + b"\0" + SHORT[288:], "not MPEG audio"),
        (SHORT + mp3_of(noise(0.2, 16_000), 16_000, 32), "changes its rate"),
        (b"", "empty"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x05abcde", "empty"),
        (bytes(8), "not MPEG audio"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "not MPEG audio"),
        (b"\xff\xf3", "not MPEG audio"),
        (b"\xff\xf3\x04\xc0" + bytes(140), "not MPEG audio"),  # free format
        (b"\xff\xf5\x64\xc0" + bytes(140), "not MPEG audio"),  # Layer II
        (b"\xff\xf3\x64\xc0" + bytes(100), "middle of a frame"),
        (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7fabc", "middle of a frame"),
    ],
)
def test_data_that_is_not_a_whole_mp3_is_rejected(audio: bytes, why: str) -> None:
    with pytest.raises(EngineError, match=why) as caught:
        mpeg.read(audio, "polly")
    assert (caught.value.problem, caught.value.engine) == ("bad-audio", "polly")


def problem_of(data: bytes) -> str:
    """Of the error; "" where it is read."""
    try:
        assert mpeg.read(data).frames
    except EngineError as error:
        return error.problem
    return ""


def test_an_mp3_cut_anywhere_but_between_frames_is_rejected() -> None:
    for end in range(1, len(SHORT) + 1):
        assert problem_of(SHORT[:end]) == ("bad-audio" if end % 144 else "")


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    assert problem_of(data) in {"", "bad-audio"}


_TAGGED = tagged_mp3_of(noise(0.1))


@given(st.binary(min_size=1, max_size=4), st.integers(0, 600))
def test_a_damaged_mp3_is_read_or_rejected(damage: bytes, at: int) -> None:
    audio = _TAGGED[:at] + damage + _TAGGED[at + len(damage) :]
    problem = problem_of(audio)
    assert problem in {"", "bad-audio"}
    for frame in () if problem else mpeg.read(audio).frames:
        assert frame.borrowed >= 0
        assert frame.silent().borrowed == 0


@pytest.mark.parametrize(("rate", "kbps", "channels"), KINDS)
def test_a_silent_frame_is_silence_of_the_same_format(rate: int, kbps: int, channels: int) -> None:
    stream = mpeg.read(mp3_of(noise(0.3, rate, channels=channels), rate, kbps))
    quiet = stream.frames[2].silent()
    again = mpeg.read(quiet.data * 20)
    samples, decoded_rate = decoded(quiet.data * 20)
    assert (again.format, again.frames[0].kbps) == (stream.format, kbps)
    assert (decoded_rate, samples.ndim) == (rate, channels)
    assert len(samples) == 20 * stream.format.samples
    assert not samples.any()
